//! A server as a process: started, watched, ended.

use rustix::process::Pid;
use rustix::thread::CpuSet;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take until it accepts connections: Python imports a lot.
const START: Duration = Duration::from_secs(60);

pub struct Server {
    pub address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts a server, and waits until it accepts connections.
    ///
    /// # Errors
    /// If it ends, or does not accept any in a minute.
    pub fn start(command: &mut Command, address: SocketAddr) -> io::Result<Self> {
        let mut server = Self { address, child: command.spawn().map_err(|error| named(command, error))? };
        let end = Instant::now() + START;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(io::Error::other(format!("{command:?} ended with {status}")));
            }
            if Instant::now() > end {
                return Err(io::Error::new(io::ErrorKind::TimedOut, format!("{command:?} does not listen")));
            }
            #[allow(clippy::disallowed_methods)] // no event tells that another process listens
            thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    pub fn cpu(&self) -> Duration {
        cpu(self.child.id())
    }

    /// Keeps every thread of the server on these processors.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn pin(&self, cpus: &CpuSet) -> io::Result<()> {
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let id = thread?.file_name().to_str().and_then(|id| id.parse().ok()).and_then(Pid::from_raw);
            rustix::thread::sched_setaffinity(id, cpus)?;
        }
        Ok(())
    }
}

impl Drop for Server {
    /// Servers here have nothing to lose; some of them take seconds to say good-bye.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn named(command: &Command, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{:?}: {error}", command.get_program()))
}

/// An address that nobody listens on.
///
/// # Errors
/// If there is none.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Processor time of a process and of those that it started, to a hundredth of a second.
pub fn cpu(process: u32) -> Duration {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    let of_children: Duration = children.split_whitespace().filter_map(|id| id.parse().ok()).map(cpu).sum();
    own_cpu(process).unwrap_or_default() + of_children
}

fn own_cpu(process: u32) -> Option<Duration> {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = status.rsplit_once(')')?; // a name may have blanks
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Some(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}
