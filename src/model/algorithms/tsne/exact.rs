//! All pairs of rows.

use super::affinities::PIECE;
use super::objective::{Objective, Slope, Wanted, degrees, factor};
use crate::error::Result;
use crate::model::crew::share_out;

/// Pairs that are done before another thread has begun.
const WORTH_A_THREAD: usize = 1 << 15;

/// Closeness of all pairs of rows.
#[derive(Debug)]
pub(super) struct Exact {
    /// Row by row.
    pub(super) affinities: Vec<f64>,
    pub(super) n_rows: usize,
    pub(super) n_components: usize,
    pub(super) threads: usize,
}

/// Of some rows, sums over all others.
struct Sums {
    /// Of `t_ij`.
    closeness: f64,
    /// Of `p_ij ln(p_ij / t_ij)`, and of `p_ij`.
    divergence: f64,
    total: f64,
    /// Of the two parts of the gradient, for each row and component: that of `p_ij`, and that of `t_ij`.
    attraction: Vec<f64>,
    repulsion: Vec<f64>,
}

impl Objective for Exact {
    fn slope(&self, places: &[f64], exaggeration: f64, wanted: Wanted, ask: &dyn Fn() -> Result<()>) -> Result<Slope> {
        let n_pieces = self.n_rows.div_ceil(PIECE);
        let threads = if self.n_rows * self.n_rows < WORTH_A_THREAD { 1 } else { self.threads };
        let of_piece = |piece: usize| self.sums(places, piece, exaggeration, wanted);
        let pieces = share_out(n_pieces, threads, &|_| ask(), |piece, _| Ok(of_piece(piece)))?;
        let sum = |of: fn(&Sums) -> f64| pieces.iter().map(of).sum::<f64>(); // In the order of rows.
        let (closeness, total) = (sum(|it| it.closeness), sum(|it| it.total));
        let factor = factor(self.n_components);
        let rows = pieces.iter().flat_map(|it| it.attraction.iter().zip(&it.repulsion));
        let gradient = rows.map(|(to, from)| factor * (to - from / closeness)).collect();
        Ok(Slope { divergence: sum(|it| it.divergence) + total * closeness.ln(), gradient })
    }
}

impl Exact {
    fn sums(&self, places: &[f64], piece: usize, exaggeration: f64, wanted: Wanted) -> Sums {
        let (first, width, degrees) = (piece * PIECE, self.n_components, degrees(self.n_components));
        let n_rows = PIECE.min(self.n_rows - first);
        let (attraction, repulsion) = (vec![0.0; n_rows * width], vec![0.0; n_rows * width]);
        let mut sums = Sums { closeness: 0.0, divergence: 0.0, total: 0.0, attraction, repulsion };
        for own in 0..n_rows {
            let number = first + own;
            let place = &places[number * width..(number + 1) * width];
            let affinities = &self.affinities[number * self.n_rows..(number + 1) * self.n_rows];
            let forces = own * width..(own + 1) * width;
            let (to, from) = (&mut sums.attraction[forces.clone()], &mut sums.repulsion[forces]);
            for (other, (affinity, there)) in affinities.iter().zip(places.chunks_exact(width)).enumerate() {
                if other == number {
                    continue;
                }
                let square: f64 = place.iter().zip(there).map(|(y, other)| (y - other) * (y - other)).sum();
                let base = 1.0 / (1.0 + square / degrees);
                let close = if degrees == 1.0 { base } else { base.powf((degrees + 1.0) / 2.0) };
                let affinity = affinity * exaggeration;
                sums.closeness += close;
                sums.total += affinity;
                if wanted == Wanted::Divergence {
                    sums.divergence += affinity * (affinity / close).ln();
                }
                let (attracts, repels) = (affinity * base, close * base);
                for ((to, from), (y, other)) in to.iter_mut().zip(&mut *from).zip(place.iter().zip(there)) {
                    *to += attracts * (y - other);
                    *from += repels * (y - other);
                }
            }
        }
        sums
    }
}
