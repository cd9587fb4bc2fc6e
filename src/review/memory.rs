//! What was approved last for a place: which state the plan was made from.
//!
//! Owns one small file a place. It only warns: a reviewer who never approved anything here is told nothing, and the gate,
//! which has no such memory, asks for nothing more.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::private;
use crate::failure::{Exit, Failure};
use crate::plan::archive::PlanFile;
use crate::risk::Earlier;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    schema: u32,
    lineage: String,
    serial: u64,
}

/// The memory of one place: a backend with its configuration, and a workspace in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    path: PathBuf,
}

impl Memory {
    /// The memory, in `directory`, of the place that `plan` is for. `beside` is the directory of the plan file: local
    /// backends all have the same configuration, so only the directory tells them apart.
    pub fn new(directory: &Path, plan: &PlanFile, beside: &Path) -> Self {
        let mut place = Sha256::new();
        place.update(plan.backend_config_sha256);
        place.update(&plan.workspace);
        if plan.backend_type == "local" {
            place.update([0]);
            place.update(beside.as_os_str().as_encoded_bytes());
        }
        let name = data_encoding::HEXLOWER.encode(&place.finalize());
        Memory {
            path: directory.join(format!("{name}.json")),
        }
    }

    /// The state of the plan that was approved last, if one was.
    pub fn recall(&self) -> Result<Option<Earlier>, Failure> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::io(self.path.display(), &error)),
        };
        match serde_json::from_str(&text) {
            Ok(Content {
                schema: 1,
                lineage,
                serial,
            }) => Ok(Some(Earlier { lineage, serial })),
            Ok(_) | Err(_) => Err(Failure::new(
                Exit::BadPlan,
                "memory",
                format!("{} is not what undersign wrote there", self.path.display()),
            )
            .hint("Look at it; remove it, and what was approved before is not compared.")),
        }
    }

    /// Remembers the state of a plan that was approved just now.
    pub fn note(&self, plan: &PlanFile) -> Result<(), Failure> {
        let content = Content {
            schema: 1,
            lineage: plan.lineage.clone(),
            serial: plan.serial,
        };
        let text = serde_json::to_string(&content).expect("texts and a number") + "\n";
        private::replace(&self.path, text.as_bytes())
            .map_err(|error| Failure::io(self.path.display(), &error))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::plan::archive;
    use crate::risk::since;

    fn plan(name: &str) -> PlanFile {
        let path = format!("{}/fixtures/plans/{name}", env!("CARGO_MANIFEST_DIR"));
        let bytes = fs::read(path).unwrap();
        archive::read(&mut Cursor::new(&bytes), [0; 32], bytes.len() as u64).unwrap()
    }

    #[test]
    fn a_state_that_is_not_the_one_approved_last_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let approved = plan("rig/weaken.tfplan");
        let memory = Memory::new(directory.path(), &approved, Path::new("/there"));
        assert_eq!(memory.recall().unwrap(), None);
        memory.note(&approved).unwrap();
        let earlier = memory.recall().unwrap().unwrap();
        assert_eq!(earlier.serial, 13);

        let told = |change: &dyn Fn(&mut PlanFile)| {
            let mut now = approved.clone();
            change(&mut now);
            since(&earlier, &now).map(|signal| signal.effect.address().into_owned())
        };
        assert_eq!(told(&|_| ()), None);
        assert_eq!(told(&|now| now.serial += 1), None);
        assert_eq!(
            told(&|now| now.serial -= 1).as_deref(),
            Some("older-serial")
        );
        assert_eq!(
            told(&|now| now.lineage = "another".into()).as_deref(),
            Some("other-lineage")
        );
        let missing = plan("rig/missing-state.tfplan");
        assert_eq!(
            Memory::new(directory.path(), &missing, Path::new("/there")),
            memory
        );
        let signal = since(&earlier, &missing).unwrap();
        assert!(signal.needs_ack() && signal.effect.address() == "other-lineage");
    }

    #[test]
    fn places_are_told_apart_by_workspace_and_local_ones_by_directory() {
        let plan = plan("rig/weaken.tfplan");
        let at = |change: &dyn Fn(&mut PlanFile), beside: &str| {
            let mut plan = plan.clone();
            change(&mut plan);
            Memory::new(Path::new("m"), &plan, Path::new(beside))
        };
        let here = at(&|_| (), "/a");
        assert_ne!(here, at(&|plan| plan.workspace = "other".into(), "/a"));
        assert_ne!(here, at(&|_| (), "/b"));
        let remote = |plan: &mut PlanFile| plan.backend_type = "s3".into();
        assert_eq!(at(&remote, "/a"), at(&remote, "/b"));
    }

    #[test]
    fn what_undersign_did_not_write_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::new(directory.path(), &plan("rig/weaken.tfplan"), Path::new("/"));
        fs::write(&memory.path, "{}").unwrap();
        assert_eq!(memory.recall().unwrap_err().reason, "memory");
    }
}
