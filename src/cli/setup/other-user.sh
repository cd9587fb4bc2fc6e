#!/bin/sh
# L1: another user applies. Run once, as root, with undersign installed as /usr/local/bin/undersign:
#
#   undersign setup other-user > setup.sh
#   sudo sh setup.sh AGENT TRUST_FILE CREDENTIALS
#
# AGENT is the user that plans. The trust file names workdir = "plan-only" or "manifest", the tool, a [ledger] under
# /var/lib/tf-apply/ledger, and env_pass = ["AWS_SHARED_CREDENTIALS_FILE"]. Delete the CREDENTIALS you gave afterwards:
# from then on only tf-apply has them. Who plans and who reviews let tf-apply read the plan and PLAN.approvals, and then
#
#   sudo -u tf-apply undersign-apply PLAN
set -eu
[ $# -eq 3 ] || { echo "usage: sh $0 AGENT TRUST_FILE CREDENTIALS" >&2; exit 2; }

id tf-apply >/dev/null 2>&1 || useradd --system --user-group --home-dir /var/lib/tf-apply --shell /usr/sbin/nologin tf-apply
install -d -o root -g root -m 0755 /etc/undersign
install -o root -g root -m 0644 "$2" /etc/undersign/trust.toml
install -d -o tf-apply -g tf-apply -m 0700 /var/lib/tf-apply /var/lib/tf-apply/ledger
install -o tf-apply -g tf-apply -m 0400 "$3" /var/lib/tf-apply/credentials

# It takes a plan and nothing else: who could name a trust file here, or the digest of one, could name their own.
cat > /usr/local/bin/undersign-apply <<'EOF'
#!/bin/sh
[ $# -eq 1 ] || { echo 'usage: undersign-apply PLAN' >&2; exit 2; }
exec /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/var/lib/tf-apply USER=tf-apply \
  AWS_SHARED_CREDENTIALS_FILE=/var/lib/tf-apply/credentials \
  /usr/local/bin/undersign apply --trust /etc/undersign/trust.toml --requester "${SUDO_USER:-unknown}" -- "$1"
EOF
chmod 0755 /usr/local/bin/undersign-apply

mkdir -p /etc/sudoers.d
echo "$1 ALL=(tf-apply) NOPASSWD: /usr/local/bin/undersign-apply" > /etc/sudoers.d/undersign
chmod 0440 /etc/sudoers.d/undersign
