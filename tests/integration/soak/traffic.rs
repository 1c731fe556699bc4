//! What is called, how often, and what came of it, as `modelwire loadtest` says.

use crate::harness::binary;
use serde_json::Value;
use std::fmt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// One kind of calls.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    model: &'static str,
    rows: &'static str,
    connections: &'static str,
    deadline: Duration,
    transport: &'static str,
    protocol: &'static str,
    pace: Pace,
}

/// How often something is called.
#[derive(Clone, Copy, Debug)]
enum Pace {
    /// So much of what the server does for all kinds together.
    Share(f64),
    /// A second.
    Calls(f64),
}

/// A model whose calls wait for others to share their batch for longer than callers have: each is told at its deadline.
pub const LONELY: &str = "lonely";

/// Small calls, costly ones, large ones, and some that nobody answers in time.
pub const ALL: [Traffic; 4] = [
    Traffic {
        model: "plane",
        rows: "1",
        connections: "8",
        deadline: Duration::from_millis(50),
        transport: "header",
        protocol: "compact",
        pace: Pace::Share(0.45),
    },
    Traffic {
        model: "centres",
        rows: "8",
        connections: "8",
        deadline: Duration::from_millis(50),
        transport: "framed",
        protocol: "binary",
        pace: Pace::Share(0.45),
    },
    Traffic {
        model: "plane",
        rows: "1000",
        connections: "2",
        deadline: Duration::from_millis(50),
        transport: "unframed",
        protocol: "binary",
        pace: Pace::Share(0.1),
    },
    Traffic {
        model: LONELY,
        rows: "8",
        connections: "4",
        deadline: Duration::from_millis(20),
        transport: "framed",
        protocol: "compact",
        pace: Pace::Calls(40.0),
    },
];

/// Traffic at a rate.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    traffic: Traffic,
    calls_per_second: f64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub what: String,
    pub deadline: Duration,
    /// From when a call was sent until its reply came, at the most.
    pub waited: Duration,
    pub calls: u64,
    pub answered: u64,
    /// By code.
    pub errors: String,
    /// How late calls were sent, at the most: the load generator's own stalls.
    pub sent_late: Duration,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, deadline, waited, calls, answered, errors, sent_late } = self;
        write!(
            f,
            "{what}: {answered} of {calls} answered, {errors}, sent at most {sent_late:.1?} late, waited at most "
        )?;
        write!(f, "{waited:.1?} of {deadline:?}")
    }
}

impl Seen {
    /// What is wrong, if a call waited longer than `limit`, or if most were not answered that might have been.
    pub fn fault(&self, limit: Duration) -> Option<String> {
        let is_borne = self.what.starts_with(LONELY) || 2 * self.answered > self.calls;
        (self.waited > limit || !is_borne).then(|| format!("{self}; the limit is {limit:.1?}"))
    }
}

impl Traffic {
    /// Calls as often as it says, or so much of its share of what the server bears, as a short closed loop of nothing else
    /// shows it.
    pub fn offer(self, address: &str, share: f64) -> Offer {
        let calls_per_second = match self.pace {
            Pace::Calls(calls) => calls,
            Pace::Share(own) => self.most(address) * own * share,
        };
        Offer { traffic: self, calls_per_second }
    }

    /// Answers a second.
    fn most(self, address: &str) -> f64 {
        let patient = Self { deadline: Duration::from_secs(5), ..self };
        let document = patient.loadtest(address, &["--warm-up", "0.5", "--duration", "1.5"]).document();
        document["goodput_per_second"].as_f64().expect("a rate")
    }

    fn loadtest(&self, address: &str, flags: &[&str]) -> Running {
        let Self { model, rows, connections, deadline, transport, protocol, .. } = *self;
        let mut command = Command::new(binary());
        command.args(["loadtest", model, "--batch-rows", rows, "--connections", connections, "--json"]).args(flags);
        command.args(["--transport", transport, "--protocol", protocol, "--address", address]);
        command.args(["--deadline", &deadline.as_secs_f64().to_string()]).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running { traffic: *self, child: command.spawn().expect("the load test starts") }
    }
}

impl Offer {
    /// Calls for so long.
    pub fn start(&self, address: &str, duration: Duration) -> Running {
        let (rate, seconds) = (self.calls_per_second.to_string(), duration.as_secs_f64().to_string());
        self.traffic.loadtest(address, &["--rate", &rate, "--warm-up", "0", "--duration", &seconds])
    }
}

/// A load test that runs.
pub struct Running {
    traffic: Traffic,
    child: Child,
}

impl Running {
    /// What it saw, when it has ended. No call was lost, and none brought an error but that there was no time or room.
    pub fn seen(self) -> Seen {
        let Traffic { model, rows, deadline, .. } = self.traffic;
        let document = self.document();
        let errors = document["errors"].as_object().expect("errors by code");
        let refusals = ["OVERLOADED", "DEADLINE_EXCEEDED"];
        assert!(errors.keys().all(|code| refusals.contains(&code.as_str())), "{document}");
        assert_eq!(document["reconnects"], 0, "a connection was lost: {document}");
        let longest = |times: &str| Duration::from_secs_f64(document[times]["max"].as_f64().unwrap_or(0.0) / 1e3);
        let count = |name: &str| document[name].as_u64().expect("a number");
        Seen {
            what: format!("{model} {rows}"),
            deadline,
            waited: longest("replied_ms"),
            calls: count("calls"),
            answered: count("answered"),
            errors: document["errors"].to_string(),
            sent_late: longest("waited_ms"),
        }
    }

    fn document(self) -> Value {
        let output = self.child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the load test failed: {said}");
        serde_json::from_slice(&output.stdout).expect("a document")
    }
}
