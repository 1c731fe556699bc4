//! The sigmoid that turns scores into probabilities.

/// A step of Newton's method is halved until it is smaller than this part of itself.
const SMALLEST_STEP: f64 = 1e-10;
const MOST_STEPS: usize = 100;
/// Keeps the curvature above 0 where all scores are equal.
const RIDGE: f64 = 1e-12;
/// A slope of the loss of a row below which nothing more is to be won.
const FLAT: f64 = 1e-13;

/// A score, whether its row is of the class, and how often it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scored {
    pub(super) score: f64,
    pub(super) is_own: bool,
    pub(super) weight: f64,
}

/// `a` and `b` of `1 / (1 + exp(a f + b))`, the likeliest for these scores and Platt's targets.
///
/// J. Platt, "Probabilistic outputs for support vector machines" (1999); by Newton's method with backtracking: H.-T. Lin, C.-J.
/// Lin, R. C. Weng, "A note on Platt's probabilistic outputs for support vector machines" (2007),
/// doi:10.1007/s10994-007-5018-6.
pub(super) fn fitted(scores: &[Scored]) -> [f64; 2] {
    let largest = scores.iter().map(|it| it.score.abs()).fold(0.0, f64::max);
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let weight_of = |own: bool| scores.iter().filter(|it| it.is_own == own).map(|it| it.weight).sum::<f64>();
    let (others, own) = (weight_of(false), weight_of(true));
    // What a new row of either side is likely to be, after as many and one of each.
    let target = |is_own: bool| if is_own { (own + 1.0) / (own + 2.0) } else { 1.0 / (others + 2.0) };
    let rows: Vec<Row> =
        scores.iter().map(|it| Row { score: it.score / scale, target: target(it.is_own), weight: it.weight }).collect();
    let mut now = [0.0, ((others + 1.0) / (own + 1.0)).ln()];
    let mut loss = loss_of(&rows, now);
    for _ in 0..MOST_STEPS {
        let Slopes { gradient: [ga, gb], curvature: [aa, ab, bb] } = slopes_of(&rows, now);
        if ga.abs().max(gb.abs()) <= FLAT * (own + others) {
            break;
        }
        let determinant = aa * bb - ab * ab;
        let step = [-(bb * ga - ab * gb) / determinant, -(aa * gb - ab * ga) / determinant];
        let falls = ga * step[0] + gb * step[1];
        let lengths = std::iter::successors(Some(1.0), |length| Some(length / 2.0));
        let tried = lengths.take_while(|length| *length >= SMALLEST_STEP).find_map(|length| {
            let next = [now[0] + length * step[0], now[1] + length * step[1]];
            let found = loss_of(&rows, next);
            (found < loss + 1e-4 * length * falls).then_some((next, found))
        });
        let Some(better) = tried else { break };
        (now, loss) = better;
    }
    [now[0] / scale, now[1]]
}

struct Row {
    score: f64,
    target: f64,
    weight: f64,
}

/// The negative logarithm of the likelihood.
fn loss_of(rows: &[Row], [a, b]: [f64; 2]) -> f64 {
    let of_row = |row: &Row| {
        let x = a * row.score + b;
        row.weight * (row.target * x + (-x).max(0.0) + (-x.abs()).exp().ln_1p())
    };
    rows.iter().map(of_row).sum()
}

struct Slopes {
    /// By `a` and by `b`.
    gradient: [f64; 2],
    /// By `a` twice, by both, by `b` twice.
    curvature: [f64; 3],
}

fn slopes_of(rows: &[Row], [a, b]: [f64; 2]) -> Slopes {
    let mut slopes = Slopes { gradient: [0.0; 2], curvature: [RIDGE, 0.0, RIDGE] };
    for row in rows {
        let p = crate::model::classification::sigmoid(-(a * row.score + b));
        let (first, second) = (row.weight * (row.target - p), row.weight * p * (1.0 - p));
        slopes.gradient[0] += row.score * first;
        slopes.gradient[1] += first;
        slopes.curvature[0] += row.score * row.score * second;
        slopes.curvature[1] += row.score * second;
        slopes.curvature[2] += second;
    }
    slopes
}
