//! The load generator: one thread, one epoll, for every server alike.

mod connection;
mod measured;

pub use measured::{Measured, quantile_us};

use crate::call::Call;
use crate::exchange::{Answer, Expected};
use connection::Connection;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::time::Timespec;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long answers are waited for when no more requests are sent, and the first answer.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub struct Plan {
    pub connections: usize,
    pub pace: Pace,
    /// Before anything counts.
    pub warm_up: Duration,
    pub time: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many requests are on their way on each connection; an answer sends the next.
    Closed { in_flight: usize },
    /// So many requests a second over all connections, whatever the answers do. Times count from when a request should
    /// have been sent.
    Open { per_second: f64 },
}

/// Makes one call and checks its answer by value. Answers what every later one has to be.
///
/// # Errors
/// If the answer is not right, or none comes.
pub fn probe(address: SocketAddr, call: &Call) -> io::Result<Expected> {
    let kept = Rc::new(RefCell::new(Vec::new()));
    let mut connection = Connection::open(address, call.exchange(Expected::Unknown(kept.clone())))?;
    connection.stream.set_nonblocking(false)?;
    connection.stream.set_read_timeout(Some(PATIENCE))?;
    connection.request(Instant::now());
    let mut answers = Vec::new();
    while answers.is_empty() {
        connection.output.flush(&connection.stream)?;
        connection.receive(&mut answers)?;
    }
    let body = kept.take();
    call.check(&body)?;
    Ok(Expected::Body(body.into()))
}

/// Loads the server at `address` as `plan` says. `server_cpu` answers the processor time that the server has had so far.
///
/// # Errors
/// If a connection breaks: what was measured of the server counts for nothing then.
pub fn run(
    address: SocketAddr,
    call: &Call,
    expected: &Expected,
    plan: &Plan,
    server_cpu: &dyn Fn() -> Duration,
) -> io::Result<Measured> {
    let mut load = Load::open(address, call, expected, plan)?;
    if let Pace::Closed { in_flight } = plan.pace {
        load.fill(in_flight)?;
    }
    let cpu_before = load.until(load.window.start, server_cpu)?;
    let cpu_after = load.until(load.window.end, server_cpu)?;
    if load.schedule.is_some() {
        load.wait_for_the_rest()?;
    }
    Ok(Measured { time: plan.time, server_cpu: cpu_after.saturating_sub(cpu_before), ..load.measured })
}

struct Load {
    connections: Vec<Connection>,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    answers: Vec<Answer>,
    /// None in a closed loop.
    schedule: Option<Schedule>,
    /// When things count.
    window: Range<Instant>,
    heard: Instant,
    measured: Measured,
}

impl Load {
    fn open(address: SocketAddr, call: &Call, expected: &Expected, plan: &Plan) -> io::Result<Self> {
        // Threads have a slack of 50 µs, half of what lies between two requests at 10,000 a second.
        rustix::thread::set_current_timer_slack(NonZeroU64::new(1_000))?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let connections = (0..plan.connections)
            .map(|at| {
                let connection = Connection::open(address, call.exchange(expected.clone()))?;
                epoll::add(&epoll, &connection.stream, EventData::new_u64(at as u64), EventFlags::IN)?;
                Ok(connection)
            })
            .collect::<io::Result<Vec<_>>>()?;
        let began = Instant::now();
        let start = began + plan.warm_up;
        Ok(Self {
            events: Vec::with_capacity(connections.len()),
            connections,
            epoll,
            answers: Vec::new(),
            schedule: match plan.pace {
                Pace::Closed { .. } => None,
                Pace::Open { per_second } => Some(Schedule { began, per_second, sent: 0 }),
            },
            window: start..start + plan.time,
            heard: began,
            measured: Measured::new(),
        })
    }

    /// Sends the first requests of a closed loop.
    fn fill(&mut self, in_flight: usize) -> io::Result<()> {
        let now = Instant::now();
        for at in 0..self.connections.len() {
            (0..in_flight).for_each(|_| self.connections[at].request(now));
            self.flush(at)?;
        }
        Ok(())
    }

    /// Goes on until `end`, and answers the processor time of the server then.
    fn until(&mut self, end: Instant, server_cpu: &dyn Fn() -> Duration) -> io::Result<Duration> {
        loop {
            let now = Instant::now();
            if now >= end {
                return Ok(server_cpu());
            }
            let next = self.send_due(now)?.map_or(end, |due| due.min(end));
            self.serve(next)?;
        }
    }

    /// Waits for answers to what counts, when nothing more is sent. What does not come is wrong.
    fn wait_for_the_rest(&mut self) -> io::Result<()> {
        self.schedule = None;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && self.connections.iter().any(Connection::is_waiting) {
            self.serve(end)?;
        }
        let unanswered = self.connections.iter().flat_map(Connection::unanswered);
        self.measured.wrong += unanswered.filter(|begun| self.window.contains(begun)).count() as u64;
        Ok(())
    }

    /// Sends what is due in an open loop, and answers when the next request is.
    fn send_due(&mut self, now: Instant) -> io::Result<Option<Instant>> {
        let Some(schedule) = &mut self.schedule else { return Ok(None) };
        let first = schedule.sent;
        while schedule.due() <= now {
            let due = schedule.due();
            if self.window.contains(&due) {
                self.measured.lag.saturating_record((now - due).as_nanos() as u64);
            }
            let at = schedule.sent as usize % self.connections.len();
            self.connections[at].request(due);
            schedule.sent += 1;
        }
        let (sent, due) = (schedule.sent, schedule.due());
        let n_connections = self.connections.len() as u64;
        (first..sent).take(self.connections.len()).try_for_each(|at| self.flush((at % n_connections) as usize))?;
        Ok(Some(due))
    }

    /// Waits until `next` for answers, and takes them.
    fn serve(&mut self, next: Instant) -> io::Result<()> {
        let timeout = next.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ };
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for at in 0..self.events.len() {
            self.answered(self.events[at].data.u64() as usize)?;
        }
        self.listen_for_silence()
    }

    fn answered(&mut self, at: usize) -> io::Result<()> {
        let connection = &mut self.connections[at];
        connection.receive(&mut self.answers)?;
        let now = Instant::now();
        let is_closed_loop = self.schedule.is_none() && now < self.window.end;
        for answer in self.answers.drain(..) {
            let begun = connection.begun(answer.id)?;
            if self.window.contains(if is_closed_loop { &now } else { &begun }) {
                self.measured.count(answer.verdict, now - begun);
            }
            if is_closed_loop {
                connection.request(now);
            }
        }
        self.flush(at)
    }

    /// A closed loop whose answers do not come would else wait for ever, and count as slow only.
    fn listen_for_silence(&mut self) -> io::Result<()> {
        let now = Instant::now();
        if !self.events.is_empty() || !self.connections.iter().any(Connection::is_waiting) {
            self.heard = now;
        } else if now - self.heard > PATIENCE {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {PATIENCE:?}")));
        }
        Ok(())
    }

    /// Writes what the connection takes, and asks to be told when it takes the rest.
    fn flush(&mut self, at: usize) -> io::Result<()> {
        let connection = &mut self.connections[at];
        connection.output.flush(&connection.stream)?;
        if connection.is_blocked == connection.output.is_empty() {
            connection.is_blocked = !connection.is_blocked;
            let flags = if connection.is_blocked { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
            epoll::modify(&self.epoll, &connection.stream, EventData::new_u64(at as u64), flags)?;
        }
        Ok(())
    }
}

/// When the requests of an open loop should be sent.
struct Schedule {
    began: Instant,
    per_second: f64,
    sent: u64,
}

impl Schedule {
    fn due(&self) -> Instant {
        self.began + Duration::from_secs_f64(self.sent as f64 / self.per_second)
    }
}
