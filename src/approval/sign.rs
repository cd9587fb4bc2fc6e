//! From a statement to an approval file: sign, check the own signature, write.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use super::agent::Agent;
use super::envelope::{Envelope, pae};
use super::key::{self, Protection, PublicKey};
use super::keygen::Keygen;
use super::sshsig::{self, Assurance};
use super::statement::{Nonce, Statement};
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;

/// SSHSIG namespace of approvals, unless the trust file says otherwise.
pub const NAMESPACE: &str = "undersign-approval@v1";
/// SSHSIG namespace of emergencies, unless the trust file says otherwise.
pub const BREAKGLASS_NAMESPACE: &str = "undersign-breakglass@v1";

/// What makes the signature. The secret stays with the agent, with `ssh-keygen`, or on the security key.
#[derive(Debug)]
pub enum Signer {
    /// A running ssh-agent.
    Agent(Agent),
    /// `ssh-keygen -Y sign`, which asks for passphrase, PIN and touch on the terminal.
    Keygen(Keygen),
    /// A key that lives no longer than the process, for the demo and for tests.
    ThrowAway(Box<ed25519_dalek::SigningKey>),
}

impl Signer {
    /// Chooses how to sign with the key in `key_file` (the private file, or the `.pub` beside it): the agent that holds
    /// it, else `ssh-keygen`.
    pub fn choose(
        key_file: &Path,
        agent_socket: Option<&Path>,
        allow_unencrypted: bool,
    ) -> Result<Self, Failure> {
        let (public, private_file) = find_key(key_file)?;
        if let Some((file, protection)) = &private_file {
            check_protection(file, *protection, allow_unencrypted)?;
        }
        if let Some(socket) = agent_socket
            && let Ok(agent) = Agent::holding(socket, &public)
        {
            return Ok(Signer::Agent(agent));
        }
        let (file, _) = private_file.ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "no-private-key",
                format!(
                    "no agent holds {public}, and there is no private key beside {}",
                    key_file.display()
                ),
            )
            .hint("Add the key to the agent (ssh-add), or name the private key file.")
        })?;
        Ok(Signer::Keygen(Keygen::find(file, public)?))
    }

    /// The key that will sign.
    pub fn key(&self) -> PublicKey {
        match self {
            Signer::Agent(agent) => agent.key().clone(),
            Signer::Keygen(keygen) => keygen.key().clone(),
            Signer::ThrowAway(key) => throw_away_public(key),
        }
    }

    /// Whether signing talks to the person on the terminal: a screen must step aside before.
    pub fn needs_terminal(&self) -> bool {
        match self {
            Signer::Agent(_) | Signer::ThrowAway(_) => false,
            Signer::Keygen(_) => true,
        }
    }

    /// Signs a payload and checks the signature as strictly as a verifier will.
    pub fn seal(
        &self,
        payload: Vec<u8>,
        namespace: &str,
        min_assurance: Assurance,
    ) -> Result<(Envelope, sshsig::Verified), Failure> {
        let key = self.key();
        let signature = self.sign(namespace, &pae(&payload))?;
        let envelope = Envelope::new(payload, signature);
        let verified = envelope.verify(namespace)?;
        if verified.key != key {
            return Err(Failure::new(
                Exit::BadSignature,
                "other-key",
                "another key has signed than the one that was asked",
            )
            .expected(key.fingerprint(), verified.key.fingerprint())
            .hint("If your key wanted a second touch, somebody else may have had the first: revoke what you did not sign."));
        }
        if verified.assurance < min_assurance {
            return Err(Failure::new(
                Exit::NoPresence,
                "assurance",
                "the signature proves less than this target needs",
            )
            .expected(min_assurance.word(), verified.assurance.word())
            .hint(key::MAKE_HARDWARE_KEY));
        }
        Ok((envelope, verified))
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<String, Failure> {
        match self {
            Signer::Agent(agent) => agent.sign(namespace, message),
            Signer::Keygen(keygen) => keygen.sign(namespace, message),
            Signer::ThrowAway(key) => {
                use ed25519_dalek::Signer as _;
                let signature = key.sign(&sshsig::to_be_signed(namespace, message));
                let raw = sshsig::raw_ed25519(&signature.to_bytes());
                Ok(sshsig::wrap(&throw_away_public(key), namespace, &raw))
            }
        }
    }
}

fn throw_away_public(key: &ed25519_dalek::SigningKey) -> PublicKey {
    PublicKey::ed25519(key.verifying_key().as_bytes())
}

/// The public key of a key file, and the private file with its protection, if it is there.
fn find_key(key_file: &Path) -> Result<(PublicKey, Option<(PathBuf, Protection)>), Failure> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|error| Failure::io(path.display(), &error))
    };
    if key_file
        .extension()
        .is_some_and(|extension| extension == "pub")
    {
        let public = PublicKey::from_line(&read(key_file)?)?;
        let private_file = key_file.with_extension("");
        if !private_file.exists() {
            return Ok((public, None));
        }
        let (own, protection) = key::inspect_private(&read(&private_file)?)?;
        if own != public {
            return Err(Failure::new(
                Exit::Usage,
                "key-pair",
                format!("{} and its .pub are different keys", private_file.display()),
            ));
        }
        return Ok((public, Some((private_file, protection))));
    }
    let (public, protection) = key::inspect_private(&read(key_file)?)?;
    Ok((public, Some((key_file.to_path_buf(), protection))))
}

fn check_protection(
    file: &Path,
    protection: Protection,
    allow_unencrypted: bool,
) -> Result<(), Failure> {
    match protection {
        Protection::Passphrase | Protection::Hardware => Ok(()),
        Protection::Nothing if allow_unencrypted => Ok(()),
        Protection::Nothing => Err(Failure::new(
            Exit::NoPresence,
            "unencrypted-key",
            format!("{} has no passphrase: any program that reads the file can sign with it", file.display()),
        )
        .hint(format!("Give it a passphrase: ssh-keygen -p -f {}", file.display()))
        .hint("Or use a key on a security key; or let the trust file say allow_unencrypted_keys = true.")),
    }
}

/// One signature to make. It can be moved to another thread, so that a screen stays alive.
#[derive(Debug)]
pub struct Job {
    /// What is signed.
    pub statement: Statement,
    /// What signs it.
    pub signer: Signer,
    /// The SSHSIG namespace.
    pub namespace: String,
    /// What the signature must prove at least.
    pub min_assurance: Assurance,
    /// The approval file, which must not be there yet.
    pub path: PathBuf,
}

/// A written approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where it is.
    pub path: PathBuf,
    /// What names it in the ledger.
    pub approval_id: Sha256,
    /// What its signature proves.
    pub assurance: Assurance,
    /// The key that made it.
    pub key: PublicKey,
}

impl Job {
    /// Whether signing talks to the person on the terminal.
    pub fn needs_terminal(&self) -> bool {
        self.signer.needs_terminal()
    }

    /// Signs, checks the signature as strictly as a verifier will, and writes the file.
    pub fn run(self) -> Result<Receipt, Failure> {
        let (envelope, verified) = self.envelope()?;
        write(&self.path, &envelope.to_bytes())?;
        Ok(Receipt {
            path: self.path,
            approval_id: envelope.approval_id(),
            assurance: verified.assurance,
            key: verified.key,
        })
    }

    /// Signs and checks, and writes nothing.
    pub fn envelope(&self) -> Result<(Envelope, sshsig::Verified), Failure> {
        let payload = self.statement.to_bytes();
        // What cannot be read back must not be signed.
        Statement::parse(&payload)?;
        let key = self.signer.key();
        if self.statement.predicate.reviewer.key != key.fingerprint() {
            return Err(Failure::new(
                Exit::Internal,
                "reviewer",
                "the statement names another key than the one that signs",
            )
            .expected(key.fingerprint(), &self.statement.predicate.reviewer.key));
        }
        self.signer
            .seal(payload, &self.namespace, self.min_assurance)
    }
}

/// The directory of the approvals of `plan`, for all who approve it.
pub fn directory(plan: &Path) -> PathBuf {
    let mut directory = plan.as_os_str().to_owned();
    directory.push(".approvals");
    directory.into()
}

/// Where an approval of `plan` is kept: beside it, in that directory.
pub fn default_path(plan: &Path, person: &str, nonce: Nonce) -> PathBuf {
    directory(plan).join(format!("{person}-{}.json", HEXLOWER.encode(&nonce.0)))
}

/// Writes a new file that only its owner can read, and waits until the disk has it.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(path.display(), &error);
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(failed)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        // The name is in the directory, and that must be on the disk too.
        .and_then(|()| File::open(parent)?.sync_all())
        .map_err(|error| {
            // Half an approval helps nobody, and the name must be free for the next attempt.
            let _ = std::fs::remove_file(path);
            failed(error)
        })
}
