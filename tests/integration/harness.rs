//! A real server for a test, and raw connections to it.

mod carrier;
mod memory_group;
mod metrics;
mod reply;

pub use carrier::{Carrier, deflated, headed, response};
pub use metrics::Metrics;
pub use reply::{Reply, ServiceFault};

use memory_group::MemoryGroup;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// No answer in this time is a failed test.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// As long as the server may take for what it has to do at once.
pub const SOON: Duration = Duration::from_secs(1);

/// A `modelwire serve` of its own process; it is killed when this is dropped.
pub struct TestServer {
    child: Child,
    pub address: String,
    /// Removed when the process has ended.
    _group: Option<MemoryGroup>,
}

impl TestServer {
    /// A server over a data folder, ready for calls.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[], &[])
    }

    /// The same with flags and environment.
    pub fn start_with(data: &Path, flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let group = MemoryGroup::wanted();
        let mut command = serve(data, group.as_ref());
        Self::launch(command.args(flags).envs(environment.iter().copied()), group)
    }

    /// The server that a command starts, ready for calls.
    pub fn of(command: &mut Command) -> Self {
        Self::launch(command, None)
    }

    fn launch(command: &mut Command, group: Option<MemoryGroup>) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the server says where it listens");
        let address = line.split(" on ").nth(1).and_then(|rest| rest.split(',').next());
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}")).to_owned();
        Self { child, address, _group: group }
    }

    /// A fresh connection whose reads give up after [`PATIENCE`].
    pub fn connect(&self) -> TcpStream {
        connect(&self.address)
    }

    /// Sends `bytes` on a fresh connection, ends its output, and answers everything that comes back.
    pub fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        let _ = stream.write_all(bytes); // A server that refuses may close before all is written.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply);
        reply
    }

    /// Sends `bytes` on a fresh connection, ends its output, and answers everything that comes back.
    ///
    /// # Errors
    /// The connection is not closed as it should be, but reset or left open.
    pub fn converse(&self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut stream = self.connect();
        let _ = stream.write_all(bytes); // A server that refuses may close before all is written.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).map(|_| reply)
    }

    /// Panics unless the server answers `hello` on a fresh connection, and soon.
    pub fn assert_serving(&self) {
        let started = Instant::now();
        let reply = self.exchange(&framed(HELLO));
        assert!(contains(&reply, b"Hello, World!"), "hello was answered by {reply:?}");
        assert!(started.elapsed() < SOON, "hello was answered after {:?}", started.elapsed());
    }

    /// What the server has counted, once this many connections are open, which takes no longer than [`SOON`].
    pub fn metrics(&self, connections: u64) -> Metrics {
        let started = Instant::now();
        loop {
            let metrics = Metrics::read(&self.address);
            if metrics.connections() == connections {
                return metrics;
            }
            assert!(started.elapsed() < SOON, "{} connections are open, not {connections}", metrics.connections());
        }
    }

    /// What `act` answers, and by how many bytes resident memory rose above its start at the peak of it. A system that does
    /// not let the peak be forgotten first shows only what is resident afterwards.
    pub fn peak_memory<T>(&self, act: impl FnOnce() -> T) -> (T, u64) {
        let forgotten = std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").is_ok();
        let before = self.memory("VmRSS:");
        let answer = act();
        let after = self.memory(if forgotten { "VmHWM:" } else { "VmRSS:" });
        (answer, after.saturating_sub(before))
    }

    /// A line of the process's status, in bytes.
    pub fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).expect("Linux tells the memory of a process");
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes * 1024
    }

    /// Number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Threads of the process.
    pub fn threads(&self) -> u64 {
        self.entries("task")
    }

    /// Files and sockets that the process has open.
    pub fn descriptors(&self) -> u64 {
        self.entries("fd")
    }

    fn entries(&self, folder: &str) -> u64 {
        std::fs::read_dir(format!("/proc/{}/{folder}", self.child.id())).unwrap().count() as u64
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("there is a kill command").success());
    }

    /// Waits for the process to end.
    pub fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    /// Ends the process as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection whose reads give up after [`PATIENCE`].
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// The command that starts a server on a free port.
pub fn command(data: &Path) -> Command {
    serve(data, None)
}

/// The binary under test: MODELWIRE_BINARY, or the one that was built with the tests.
pub fn binary() -> OsString {
    std::env::var_os("MODELWIRE_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_modelwire").into())
}

fn serve(data: &Path, group: Option<&MemoryGroup>) -> Command {
    let mut command = group.map_or_else(|| Command::new(binary()), |group| group.command(&binary()));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).env("RUST_LOG", "warn");
    command
}

/// Waits for a process to end, within [`PATIENCE`].
pub fn wait(child: &mut Child) -> ExitStatus {
    let (sender, ended) = std::sync::mpsc::channel();
    let id = child.id();
    let watch = std::thread::spawn(move || {
        if ended.recv_timeout(PATIENCE).is_err() {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        }
    });
    let started = Instant::now();
    let status = child.wait().unwrap();
    let _ = sender.send(());
    watch.join().unwrap();
    assert!(started.elapsed() < PATIENCE, "the process did not end by itself");
    status
}

/// `hello` with an empty request in strict binary, as the Apache Python library writes it.
pub const HELLO: &[u8] = b"\x80\x01\x00\x01\x00\x00\x00\x05hello\x00\x00\x00\x00\x0c\x00\x01\x00\x00";
/// The same in compact.
pub const HELLO_COMPACT: &[u8] = b"\x82\x21\x00\x05hello\x1c\x00\x00";
/// The same in binary without a version.
pub const HELLO_OLD: &[u8] = b"\x00\x00\x00\x05hello\x01\x00\x00\x00\x00\x0c\x00\x01\x00\x00";
/// The same in JSON.
pub const HELLO_JSON: &[u8] = br#"[1,"hello",1,0,{"1":{"rec":{}}}]"#;

/// A message behind its length.
pub fn framed(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

/// A strict binary call; `arguments` are the fields of its argument struct without the stop.
pub fn binary_call(name: &str, seqid: i32, arguments: &[u8]) -> Vec<u8> {
    let length = u32::try_from(name.len()).unwrap().to_be_bytes();
    [b"\x80\x01\x00\x01", &length, name.as_bytes(), &seqid.to_be_bytes(), arguments, b"\x00"].concat()
}

/// A field of type string in binary.
pub fn binary_field(id: u8, bytes: &[u8]) -> Vec<u8> {
    [&[0x0b, 0, id][..], &u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// A framed call of `echo` in binary.
pub fn echo(seqid: i32, payload: &[u8]) -> Vec<u8> {
    framed(&binary_call("echo", seqid, &[b"\x0c\x00\x01", &binary_field(2, payload)[..], b"\x00"].concat()))
}

/// A framed call of `watch_job` in binary.
pub fn watch_job(seqid: i32, job_id: &str, after_sequence: i64, wait_ms: i64) -> Vec<u8> {
    let number = |id: u8, value: i64| [&[0x0a, 0, id][..], &value.to_be_bytes()].concat();
    let fields = [binary_field(2, job_id.as_bytes()), number(3, after_sequence), number(4, wait_ms)].concat();
    framed(&binary_call("watch_job", seqid, &[b"\x0c\x00\x01", &fields[..], b"\x00"].concat()))
}

/// The next frame of a stream, without its length.
pub fn read_frame(stream: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut frame).map(|()| frame)
}

/// Seed of what a test leaves to chance: MODELWIRE_TEST_SEED, or always the same one. It is printed.
pub fn seed() -> u64 {
    let seed =
        std::env::var("MODELWIRE_TEST_SEED").map_or(20_261_122, |text| text.parse().expect("a seed is a number"));
    println!("MODELWIRE_TEST_SEED={seed}");
    seed
}

/// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014), doi:10.1145/2714064.2660195.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Whether `part` stands in `whole`.
pub fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// A file of `tests/fixtures/data`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data").join(name)
}
