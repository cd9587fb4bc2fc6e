//! What the process does to itself before it reads anything.

use crate::failure::{Exit, Failure};

/// Makes files private, keeps other programs of this user out of our memory, and refuses to run while one looks on. What
/// whoever started us left open is not handed on to the tool.
pub fn harden() -> Result<(), Failure> {
    #[cfg(unix)]
    {
        let _ = rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
        close_fds::set_fds_cloexec(3, &[]);
    }
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string("/proc/self/status")
            .map_err(|error| Failure::io("/proc/self/status", &error))?;
        refuse_traced(&status)?;
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
            .map_err(|error| Failure::io("closing our memory to others", &error.into()))?;
    }
    Ok(())
}

/// Whoever traces a process can change what it decides.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn refuse_traced(status: &str) -> Result<(), Failure> {
    let tracer = status
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"))
        .map_or("", str::trim);
    if tracer == "0" {
        return Ok(());
    }
    Err(Failure::new(
        Exit::EnvironmentUnsafe,
        "traced",
        "another process traces this one and could change what it decides",
    )
    .expected("TracerPid 0", format!("TracerPid {tracer}"))
    .hint("Run undersign without strace, gdb or another tracer."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a06_a_traced_process_is_refused() {
        refuse_traced("Name:\tundersign\nTracerPid:\t0\nUid:\t0\n").unwrap();
        for status in [
            "Name:\tundersign\nTracerPid:\t4711\n",
            "Name:\tundersign\n",
            "",
        ] {
            let failure = refuse_traced(status).unwrap_err();
            assert_eq!(
                (failure.exit, failure.reason),
                (Exit::EnvironmentUnsafe, "traced")
            );
        }
    }
}
