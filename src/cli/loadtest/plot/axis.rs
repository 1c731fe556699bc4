//! Axes: where a value stands, and which values are written beside it.

/// From a lowest to a highest value, each decade as long as the others.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    title: &'static str,
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Around these values; those that are not above 0 have no place on it.
    pub(super) fn around(title: &'static str, values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = range(values.filter(|value| *value > 0.0)).unwrap_or((1.0, 10.0));
        let (low, high) = (low / 1.2, high * 1.2);
        let steps: &[f64] = match (high / low).log10() {
            ..1.0 => &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
            ..3.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let ticks = decades.flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)));
        let ticks = ticks.filter(|tick| (low..=high).contains(tick)).map(|tick| (tick, number(tick))).collect();
        Self { title, low, high, ticks }
    }

    /// Shares of calls, so that each nine takes the same room: 1 of so many calls lies at the end.
    pub(super) fn nines(title: &'static str, calls: u64) -> Self {
        let high = (calls as f64).max(10.0);
        let nines = (0..=high.log10().floor() as i32).map(|nines| 10_f64.powi(nines));
        let ticks = nines.map(|one_of| (one_of, format!("{} %", percent(one_of)))).collect();
        Self { title, low: 1.0, high, ticks }
    }

    pub(super) fn title(&self) -> &'static str {
        self.title
    }

    pub(super) fn high(&self) -> f64 {
        self.high
    }

    pub(super) fn ticks(&self) -> &[(f64, String)] {
        &self.ticks
    }

    /// From 0 at the lowest value to 1 at the highest; values beyond are at the ends.
    pub(super) fn position(&self, value: f64) -> f64 {
        ((value.max(self.low) / self.low).ln() / (self.high / self.low).ln()).clamp(0.0, 1.0)
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// The percentage that 1 of so many calls lies above: 99.9 of 1,000.
fn percent(one_of: f64) -> String {
    number(((1.0 - 1.0 / one_of) * 1e10).round() / 1e8)
}

/// With a comma between thousands, and no more digits than it needs.
fn number(value: f64) -> String {
    if value.abs() < 1000.0 {
        return format!("{}", (value * 1e9).round() / 1e9);
    }
    let digits = format!("{value:.0}");
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|it| std::str::from_utf8(it).ok()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks().iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_lie_on_the_axis() {
        let few = Axis::around("ms", [0.3, 0.0, 4.0].into_iter());
        let many = Axis::around("ms", [0.02, 5000.0].into_iter());

        assert_eq!(labels(&few), ["0.5", "1", "2"]);
        assert_eq!(labels(&many), ["0.1", "1", "10", "100", "1,000"]);
        assert_eq!(
            labels(&Axis::nines("of calls", 2_000_000))[2..],
            ["99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"]
        );
    }

    #[test]
    fn values_stand_between_the_ends_and_those_beyond_at_the_ends() {
        let axis = Axis::nines("of calls", 100);

        assert_eq!([0.0, 1.0, 10.0, 100.0, 1e9].map(|value| axis.position(value)), [0.0, 0.0, 0.5, 1.0, 1.0]);
    }

    #[test]
    fn no_values_have_an_axis_all_the_same() {
        assert!(!labels(&Axis::around("ms", std::iter::empty())).is_empty());
    }
}
