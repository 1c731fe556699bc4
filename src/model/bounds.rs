//! What a fit may take: memory, and rows where the work grows faster than their number.

use super::transduction::check_rows;
use super::{Checkpoints, Progress, Training};
use crate::data::Table;
use crate::error::{Error, Result};

/// What the fits of a job may take; settings of `training`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes that rows, their copies and what a fit makes of them may hold together: `training.max_job_bytes`.
    pub max_bytes: u64,
    /// Bytes of these that rows and their copies hold already.
    pub held_bytes: u64,
    /// Fits that share what is left, each as large as this one.
    pub fits_at_once: u64,
    /// Rows of `tsne`, whose time grows faster than their number.
    pub tsne_rows: usize,
    /// Rows of `tsne` with the method exact, whose memory and time grow with their square.
    pub exact_tsne_rows: usize,
    /// Rows of `diffusion_map`, whose time grows with their cube.
    pub diffusion_map_rows: usize,
    /// Rows of `agglomerative_clustering` but for single linkage; memory and time grow with their square.
    pub agglomerative_rows: usize,
    /// Rows of `agglomerative_clustering` with single linkage, whose time grows with their square.
    pub single_linkage_rows: usize,
    /// Rows of `optics`, whose time grows with their square.
    pub optics_rows: usize,
    /// Rows of `svc`, `svr` and `one_class_svm`, whose time grows with their square.
    pub svm_rows: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            max_bytes: u64::MAX,
            held_bytes: 0,
            fits_at_once: 1,
            tsne_rows: 100_000,
            exact_tsne_rows: 5_000,
            diffusion_map_rows: 2_000,
            agglomerative_rows: 10_000,
            single_linkage_rows: 100_000,
            optics_rows: 100_000,
            svm_rows: 100_000,
        }
    }
}

impl Bounds {
    /// What is left beside the rows of a fit: the table, the numbers of the rows, and so many copies of them.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] with what is needed, what is allowed and the setting, if nothing is.
    pub(super) fn beside_rows(self, table: &Table, n_features: usize, copies: u64) -> Result<Self> {
        let own: usize = table.columns().iter().map(|column| column.values.as_array().get_array_memory_size()).sum();
        let rows = bytes_of_rows(table.n_rows() as u64, n_features + TARGET_AND_WEIGHT);
        self.beside(rows.saturating_mul(1 + copies).saturating_add(own as u64), table.n_rows() as u64, n_features)
    }

    /// Whether so many rows can be read at all.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] with what is needed, what is allowed and the setting, if not.
    pub fn check_rows(self, n_rows: u64, n_columns: usize) -> Result<()> {
        self.beside(bytes_of_rows(n_rows, n_columns), n_rows, n_columns).map(drop)
    }

    /// Whether so many rows are no more than a setting allows; `of` names it, and `what_grows` says why.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] with the limit and what to do.
    pub(super) fn check_limit(&self, algorithm: &str, n_rows: usize, of: RowLimit, what_grows: &str) -> Result<()> {
        let (most, setting) = of.of(self);
        check_rows(algorithm, n_rows, most, what_grows, setting)
    }

    fn beside(self, held_bytes: u64, n_rows: u64, n_columns: usize) -> Result<Self> {
        if held_bytes <= self.max_bytes {
            return Ok(Self { held_bytes, ..self });
        }
        Err(Error::precondition(format!(
            "{n_rows} rows of {n_columns} columns hold about {held_bytes} bytes with their copies while a model is fitted, and a job \
             may hold {}; train on fewer rows or columns, or raise training.max_job_bytes",
            self.max_bytes
        )))
    }
}

impl Training<'_> {
    /// Whether the fit may hold so many bytes more than its rows; `what` names them.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] with what is needed, what is allowed and the setting, if not.
    pub(super) fn check_memory(&self, algorithm: &str, what: &str, bytes: u64) -> Result<()> {
        let Bounds { max_bytes, held_bytes, fits_at_once, .. } = self.progress.bounds();
        if held_bytes.saturating_add(bytes.saturating_mul(fits_at_once)) <= max_bytes {
            return Ok(());
        }
        let each = if fits_at_once == 1 { String::new() } else { format!(" in each of {fits_at_once} fits at once") };
        Err(Error::precondition(format!(
            "{algorithm} holds about {bytes} bytes for {what}{each} beside {held_bytes} for the rows and their copies, and a job may hold \
             {max_bytes}; train on fewer rows or columns, or raise training.max_job_bytes"
        )))
    }

    /// [`Bounds::check_limit`] of the rows of the fit.
    ///
    /// # Errors
    /// As there.
    pub(super) fn check_rows(&self, algorithm: &str, of: RowLimit, what_grows: &str) -> Result<()> {
        self.progress.bounds().check_limit(algorithm, self.rows.len(), of, what_grows)
    }
}

/// One of the limits of rows.
#[derive(Clone, Copy, Debug)]
pub(super) enum RowLimit {
    Tsne,
    ExactTsne,
    DiffusionMap,
    Agglomerative,
    SingleLinkage,
    Optics,
    Svm,
}

impl RowLimit {
    fn of(self, bounds: &Bounds) -> (usize, &'static str) {
        match self {
            Self::Tsne => (bounds.tsne_rows, "training.max_tsne_rows"),
            Self::ExactTsne => (bounds.exact_tsne_rows, "training.max_exact_tsne_rows"),
            Self::DiffusionMap => (bounds.diffusion_map_rows, "training.max_diffusion_map_rows"),
            Self::Agglomerative => (bounds.agglomerative_rows, "training.max_agglomerative_rows"),
            Self::SingleLinkage => (bounds.single_linkage_rows, "training.max_single_linkage_rows"),
            Self::Optics => (bounds.optics_rows, "training.max_optics_rows"),
            Self::Svm => (bounds.svm_rows, "training.max_svm_rows"),
        }
    }
}

/// Numbers that each row has beside its features.
const TARGET_AND_WEIGHT: usize = 2;

/// Bytes of so many rows of so many numbers.
pub(super) fn bytes_of_rows(n_rows: u64, n_numbers: usize) -> u64 {
    n_rows.saturating_mul(n_numbers as u64).saturating_mul(size_of::<f64>() as u64)
}

/// Bytes of so many numbers for each pair of rows.
pub(super) fn bytes_of_pairs(n_rows: usize, numbers: u64) -> u64 {
    let n_rows = n_rows as u64;
    n_rows.saturating_mul(n_rows).saturating_mul(numbers).saturating_mul(size_of::<f64>() as u64)
}

/// A progress whose fits may take something else.
pub(super) struct Bounded<'a> {
    pub(super) whole: &'a dyn Progress,
    pub(super) bounds: Bounds,
}

impl Progress for Bounded<'_> {
    fn report(&self, message: &str, fraction: f64) -> Result<()> {
        self.whole.report(message, fraction)
    }

    fn checkpoints(&self) -> Option<&Checkpoints<'_>> {
        self.whole.checkpoints()
    }

    fn bounds(&self) -> Bounds {
        self.bounds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;
    use crate::error::Code;
    use crate::model::{Spec, StepSpec, Value, fit};

    struct Of(Bounds);

    impl Progress for Of {
        fn report(&self, _: &str, _: f64) -> Result<()> {
            Ok(())
        }

        fn bounds(&self) -> Bounds {
            self.0
        }
    }

    fn table(n_rows: usize) -> Table {
        let column = |step: usize| (0..n_rows).map(|row| (row * step % 101) as f64).collect();
        Table::new(vec![Column::float("x", column(7)), Column::float("y", column(13))]).unwrap()
    }

    fn spec(algorithm: &str, target: Option<&str>) -> Spec {
        let step = StepSpec { algorithm: algorithm.into(), ..StepSpec::default() };
        Spec { steps: vec![step], target: target.map(str::to_owned), ..Spec::default() }
    }

    fn with(mut spec: Spec, word: Option<(&str, &str)>) -> Spec {
        spec.steps[0].parameters =
            word.into_iter().map(|(name, word)| (name.to_owned(), Value::Text(word.into()))).collect();
        spec
    }

    /// Of the algorithms that look at all pairs only if they are told to.
    fn exactly(algorithm: &str) -> Option<(&'static str, &'static str)> {
        (algorithm == "tsne").then_some(("method", "exact"))
    }

    fn refusal(spec: &Spec, n_rows: usize, bounds: Bounds) -> (Code, String) {
        let error = fit(spec, &table(n_rows), &Of(bounds)).unwrap_err();
        (error.code(), error.to_string())
    }

    #[test]
    fn rows_that_hold_more_than_a_job_may_are_refused_with_the_numbers_and_the_setting() {
        let few = Bounds { max_bytes: 50_000, ..Bounds::default() };

        let (code, message) = refusal(&spec("linear_regression", Some("y")), 1_000, few);

        assert_eq!(code, Code::FailedPrecondition);
        assert!(message.starts_with("1000 rows of 1 columns hold about ") && message.contains(" 50000;"), "{message}");
        assert!(message.contains("training.max_job_bytes"), "{message}");
        assert!(fit(&spec("linear_regression", Some("y")), &table(100), &Of(few)).is_ok());
        assert!(few.check_rows(6_250, 1).is_ok() && few.check_rows(6_251, 1).is_err());
        assert!(few.check_rows(u64::MAX, usize::MAX).is_err());
    }

    #[test]
    fn what_an_algorithm_makes_of_pairs_of_rows_counts() {
        let few = Bounds { max_bytes: 1 << 20, ..Bounds::default() };

        for (algorithm, bytes) in [("tsne", 16), ("agglomerative_clustering", 4), ("diffusion_map", 24)] {
            let (code, message) = refusal(&with(spec(algorithm, None), exactly(algorithm)), 1_000, few);

            assert_eq!(code, Code::FailedPrecondition, "{message}");
            let expected = format!("{algorithm} holds about {bytes}000000 bytes for ");
            assert!(message.starts_with(&expected) && message.contains("1048576"), "{message}");
        }
    }

    #[test]
    fn the_nearest_of_each_row_count_where_pairs_do_not() {
        let few = Bounds { max_bytes: 1 << 20, ..Bounds::default() };

        let (code, message) = refusal(&spec("tsne", None), 1_000, few);

        assert_eq!(code, Code::FailedPrecondition, "{message}");
        // 91 neighbours and 5 numbers for each, 2 features, 64 numbers of a row.
        assert!(message.starts_with("tsne holds about 4168000 bytes for how near neighbours are"), "{message}");
    }

    #[test]
    fn fits_that_run_at_once_share_what_a_job_may_hold() {
        let of = |fits_at_once| Bounds { max_bytes: 10 << 20, fits_at_once, ..Bounds::default() };
        assert!(fit(&spec("agglomerative_clustering", None), &table(1_000), &Of(of(2))).is_ok());

        let (code, message) = refusal(&spec("agglomerative_clustering", None), 1_000, of(3));

        assert_eq!(code, Code::FailedPrecondition);
        assert!(message.contains(" in each of 3 fits at once beside "), "{message}");
    }

    #[test]
    fn covariances_kernels_and_wider_rows_count() {
        let whole = |name: &str, it| (name.to_owned(), Value::Integer(it));
        let few = Bounds { max_bytes: 1 << 20, ..Bounds::default() };
        let mut wide = spec("gaussian_random_projection", None);
        wide.steps[0].parameters = [whole("n_components", 402)].into();
        wide.steps.push(StepSpec { algorithm: "k_means".into(), ..StepSpec::default() });
        let mut many = spec("gaussian_mixture", None);
        many.steps[0].parameters = [whole("n_components", 900), whole("n_init", 1)].into();

        for (spec, said) in [
            (wide, "gaussian_random_projection holds about 3200000 bytes for the columns that it adds"),
            (many, "gaussian_mixture holds about "),
            (spec("one_class_svm", None), "one_class_svm holds about 8000000 bytes for the kernel"),
        ] {
            let bounds = if said.starts_with("gaussian_m") { Bounds { max_bytes: 150_000, ..few } } else { few };

            let (code, message) = refusal(&spec, 1_000, bounds);

            assert_eq!(code, Code::FailedPrecondition, "{message}");
            assert!(message.starts_with(said), "{message}");
        }
    }

    #[test]
    fn trees_that_outgrow_the_memory_of_a_job_are_not_grown_further() {
        let mut spec = spec("random_forest_regressor", Some("y"));
        spec.steps[0].parameters = [("n_estimators".to_owned(), Value::Integer(1_000))].into();

        let (code, message) = refusal(&spec, 500, Bounds { max_bytes: 150_000, ..Bounds::default() });

        assert_eq!(code, Code::FailedPrecondition, "{message}");
        assert!(message.contains("its trees") && message.contains("150000"), "{message}");
    }

    #[test]
    fn a_setting_says_how_many_rows_a_slow_algorithm_takes() {
        let few = Bounds {
            tsne_rows: 99,
            exact_tsne_rows: 98,
            diffusion_map_rows: 99,
            agglomerative_rows: 99,
            single_linkage_rows: 98,
            optics_rows: 99,
            svm_rows: 99,
            ..Bounds::default()
        };
        let settings = [
            ("tsne", "training.max_tsne_rows"),
            ("diffusion_map", "training.max_diffusion_map_rows"),
            ("agglomerative_clustering", "training.max_agglomerative_rows"),
            ("optics", "training.max_optics_rows"),
            ("one_class_svm", "training.max_svm_rows"),
        ];
        for (algorithm, setting) in settings {
            let (code, message) = refusal(&spec(algorithm, None), 100, few);

            assert_eq!(code, Code::InvalidArgument);
            let expected = format!("{algorithm} takes at most 99 rows");
            assert!(message.starts_with(&expected) && message.contains(setting), "{message}");
        }
        for (algorithm, (name, word), setting) in [
            ("agglomerative_clustering", ("linkage", "single"), "training.max_single_linkage_rows"),
            ("tsne", ("method", "exact"), "training.max_exact_tsne_rows"),
        ] {
            let (_, message) = refusal(&with(spec(algorithm, None), Some((name, word))), 99, few);
            assert!(message.contains("at most 98 rows") && message.contains(setting), "{message}");
        }
    }
}
