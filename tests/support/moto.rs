//! Moto in place of AWS.

#![allow(
    dead_code,
    reason = "each test that includes this uses its own part of it"
)]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where moto is, if it is here.
pub fn server() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::var_os("UNDERSIGN_MOTO")
        .map(PathBuf::from)
        .into_iter()
        .chain(std::env::split_paths(&on_path).map(|directory| directory.join("moto_server")))
        .find(|path| path.is_file())
}

/// A cloud that ends with the test.
pub struct Cloud {
    server: Child,
    pub port: u16,
}

impl Cloud {
    pub fn start(server: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = Command::new(server)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut cloud = Cloud { server, port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                cloud.server.try_wait().unwrap().is_none(),
                "moto does not start"
            );
            std::thread::yield_now();
        }
        cloud
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
