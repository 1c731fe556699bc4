//! Modelwire under more than it can bear: models that cost more than the call, so that the server is what is too slow.

use crate::call::Call;
use crate::load::{self, Measured, Pace, Plan, quantile_us};
use crate::modelwire::{Clustering, DEADLINE_MS, Modelwire};
use crate::run::Options;
use crate::server::Server;
use serde::Serialize;
use std::io;

/// Connections, and calls on their way on each, when the best is looked for: enough that work always waits.
const SATURATING: [(usize, usize); 2] = [(16, 4), (64, 4)];

/// Connections of the open loops: answers of one come in order, so that few of them make a refusal wait.
const CONNECTIONS: usize = 256;

/// The next load that is tried, as a share of one that was too much.
const LESS: f64 = 0.94;

/// A load is borne if 99 of 100 are answered rightly within this.
const BORNE_MS: i64 = 20;

/// What came of one round.
#[derive(Clone, Debug, Serialize)]
pub struct Overload {
    /// What is asked.
    pub clustering: Clustering,
    /// Right answers a second in the better of two closed loops.
    pub closed_per_second: f64,
    /// What the server can bear: the right answers of the greatest open loop that it bore.
    pub best_per_second: f64,
    /// The most right answers a second that came within `deadline_ms`, of all open loops that looked for that.
    pub best_in_time: f64,
    /// Milliseconds that each call was given at full and at double load.
    pub deadline_ms: i64,
    pub at_80_percent: Step,
    pub at_100_percent: Step,
    pub at_200_percent: Step,
}

/// An open loop at some share of the best.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    pub offered_per_second: f64,
    /// Right answers a second that came within the deadline, counted from when the request should have been sent.
    pub goodput: f64,
    /// The others.
    pub late_per_second: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub refused_per_second: f64,
    pub refusal_p50_us: f64,
    pub refusal_p99_us: f64,
    /// A second: answered that the deadline had passed.
    pub expired_per_second: f64,
    pub wrong: u64,
    /// By how much the generator itself was late.
    pub lag_p99_us: f64,
    pub cpu_us: f64,
}

/// Finds what the server can bear, then loads with 80 %, 100 % and 200 % of it.
///
/// # Errors
/// If a connection breaks.
pub fn measure(
    server: &Server,
    modelwire: &Modelwire,
    clustering: Clustering,
    options: &Options,
) -> io::Result<Overload> {
    let call = |deadline_ms| {
        let terms = modelwire.terms_of(&clustering, deadline_ms);
        Call::to_modelwire_model(&clustering.row(), clustering.features, &terms)
    };
    let patient = call(DEADLINE_MS);
    let expected = load::probe(server.address, &patient)?;
    let plan = |connections, pace| Plan { connections, pace, warm_up: options.warm_up(), time: options.time };
    let run = |call: &Call, plan: &Plan| load::run(server.address, call, &expected, plan, &|| server.cpu());
    let mut closed_per_second = 0.0_f64;
    for (connections, in_flight) in SATURATING {
        closed_per_second =
            closed_per_second.max(run(&patient, &plan(connections, Pace::Closed { in_flight }))?.per_second());
    }
    let open = |call: &Call, per_second| run(call, &plan(CONNECTIONS, Pace::Open { per_second }));
    let (mut offered, mut tried) = (closed_per_second, vec![]);
    let best = loop {
        let measured = open(&patient, offered)?;
        let step = Step::of(offered, BORNE_MS, &measured);
        tried.push((offered, measured));
        if step.is_borne() || offered < closed_per_second / 4.0 {
            break step.goodput;
        }
        offered *= LESS;
    };
    let step = |call: &Call, share: f64, deadline_ms| -> io::Result<Step> {
        Ok(Step::of(best * share, deadline_ms, &open(call, best * share)?))
    };
    let at_80_percent = step(&patient, 0.8, DEADLINE_MS)?;
    let deadline_ms = options.deadline_ms.unwrap_or_else(|| twice_in_ms(at_80_percent.p99_us));
    let pressed = call(deadline_ms);
    let in_time = tried.iter().map(|(offered, measured)| Step::of(*offered, deadline_ms, measured).goodput);
    Ok(Overload {
        clustering,
        closed_per_second,
        best_per_second: best,
        best_in_time: in_time.fold(0.0, f64::max),
        deadline_ms,
        at_80_percent,
        at_100_percent: step(&pressed, 1.0, deadline_ms)?,
        at_200_percent: step(&pressed, 2.0, deadline_ms)?,
    })
}

/// A caller who knows how long it takes on a good day waits twice as long.
fn twice_in_ms(us: f64) -> i64 {
    (2.0 * us / 1e3).ceil() as i64
}

impl Overload {
    /// In the order of their load.
    pub fn steps(&self) -> [&Step; 3] {
        [&self.at_80_percent, &self.at_100_percent, &self.at_200_percent]
    }

    /// The most right answers a second, within the time that calls have, of any load up to the full one.
    pub fn best(&self) -> f64 {
        self.best_in_time.max(self.at_80_percent.goodput).max(self.at_100_percent.goodput)
    }
}

impl Step {
    fn is_borne(&self) -> bool {
        self.goodput >= 0.99 * self.offered_per_second
    }

    fn of(offered_per_second: f64, deadline_ms: i64, measured: &Measured) -> Self {
        let per_second = |count: u64| count as f64 / measured.time.as_secs_f64();
        let deadline_ns = u64::try_from(deadline_ms).unwrap_or_default() * 1_000_000;
        let in_time = measured.latency.count_between(0, deadline_ns);
        Self {
            offered_per_second,
            goodput: per_second(in_time),
            late_per_second: per_second(measured.right.saturating_sub(in_time)),
            p50_us: quantile_us(&measured.latency, 0.5),
            p99_us: quantile_us(&measured.latency, 0.99),
            refused_per_second: per_second(measured.refused),
            refusal_p50_us: quantile_us(&measured.refusal, 0.5),
            refusal_p99_us: quantile_us(&measured.refusal, 0.99),
            expired_per_second: per_second(measured.expired),
            wrong: measured.wrong,
            lag_p99_us: quantile_us(&measured.lag, 0.99),
            cpu_us: measured.cpu_us(),
        }
    }
}
