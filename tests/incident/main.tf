# A course platform in small, against a stand-in for AWS. phase = "weaken" takes the backups away.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "endpoint" { type = string }

variable "phase" {
  type    = string
  default = "platform"
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  s3_use_path_style           = true
  endpoints {
    rds = var.endpoint
    s3  = var.endpoint
    sns = var.endpoint
    sts = var.endpoint
  }
}

resource "aws_db_instance" "courses" {
  identifier              = "courses"
  engine                  = "postgres"
  engine_version          = "15.3"
  instance_class          = "db.t3.medium"
  allocated_storage       = 100
  username                = "courses"
  password                = "not-a-real-password"
  backup_retention_period = var.phase == "weaken" ? 1 : 14
  skip_final_snapshot     = true
}

resource "aws_s3_bucket" "submissions" {
  bucket        = "course-submissions"
  force_destroy = true
}

resource "aws_sns_topic" "alerts" {
  count = 10
  name  = "alerts-${count.index}"
}
