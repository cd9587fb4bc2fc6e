# Terragrunt: what it would apply by itself is stopped, and what it plans is looked at. Apply with
#   terragrunt plan -out plan.tfplan && undersign apply plan.tfplan
# A hook is advice, as long as whoever runs Terragrunt has the credentials: see `undersign doctor`.
terraform {
  before_hook "undersign" {
    commands = ["apply", "destroy"]
    execute  = ["sh", "-c", "echo 'apply with: undersign apply plan.tfplan' >&2; exit 1"]
  }

  after_hook "undersign" {
    commands = ["plan"]
    execute  = ["sh", "-c", "[ ! -e plan.tfplan ] || undersign check plan.tfplan || [ $? -eq 3 ]"]
  }
}
