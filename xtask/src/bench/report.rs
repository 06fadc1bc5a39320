//! The table that everyone reads.

use std::{fmt::Write, time::Duration};

use super::{Measured, measure::Usage, program::Program};

/// One section a workload. A ratio is that of the median to the first program's.
pub(super) fn markdown(facts: &[String], measured: &[Measured]) -> String {
    let facts = facts.iter().map(|fact| format!("- {fact}\n"));
    facts.chain(measured.iter().map(|it| section(it, smaller(it, measured)))).collect()
}

/// The same workload at the first scale, if there is another one.
fn smaller<'m>(it: &Measured, measured: &'m [Measured]) -> Option<&'m Measured> {
    measured.iter().find(|other| other.workload == it.workload && other.scale < it.scale)
}

fn section(it: &Measured, smaller: Option<&Measured>) -> String {
    let Measured { workload, scale, programs } = it;
    let mut section =
        format!("\n## {workload}\n\n{}: {}\n", workload.title, workload.sized(*scale));
    section.push_str(HEAD);
    section.push_str(if smaller.is_some() { " growth |\n" } else { "\n" });
    section.push_str(&"|---".repeat(if smaller.is_some() { 8 } else { 7 }));
    section.push_str("|\n");
    for (program, usages) in programs {
        let growth = smaller.and_then(|smaller| growth(it, smaller, *program));
        section.push_str(&row(&program.to_string(), usages, &programs[0].1, growth));
    }
    section
}

const HEAD: &str = "
| program | wall s | least to most | ratio | CPU s | ratio | peak MiB |";

/// By how much more the wall time has grown than the input.
fn growth(larger: &Measured, smaller: &Measured, program: Program) -> Option<f64> {
    let wall = |it: &Measured| {
        let (_, usages) = it.programs.iter().find(|(other, _)| *other == program)?;
        Some(seconds(median(usages, |usage| usage.wall)) / it.workload.size(it.scale) as f64)
    };
    Some(wall(larger)? / wall(smaller)?)
}

fn row(name: &str, usages: &[Usage], first: &[Usage], growth: Option<f64>) -> String {
    let walls = sorted(usages, |usage| usage.wall);
    let (least, most) = (walls[0], walls[walls.len() - 1]);
    let mut row = format!("| {name} ");
    for cell in [
        format!("{:.3}", seconds(median(usages, |usage| usage.wall))),
        format!("{:.3} to {:.3}", seconds(least), seconds(most)),
        ratio(usages, first, |usage| usage.wall),
        format!("{:.3}", seconds(median(usages, |usage| usage.cpu))),
        ratio(usages, first, |usage| usage.cpu),
        format!("{}", median(usages, |usage| usage.peak_kib) >> 10),
    ] {
        write!(row, "| {cell} ").expect("writing to a string succeeds");
    }
    if let Some(growth) = growth {
        write!(row, "| {growth:.2} ").expect("writing to a string succeeds");
    }
    row + "|\n"
}

fn ratio(usages: &[Usage], first: &[Usage], of: fn(&Usage) -> Duration) -> String {
    format!("{:.2}", seconds(median(usages, of)) / seconds(median(first, of)))
}

pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// The middle one, or of two the lesser. There is at least one.
pub(super) fn median<T: Ord>(usages: &[Usage], of: fn(&Usage) -> T) -> T {
    let mut values = sorted(usages, of);
    values.swap_remove((values.len() - 1) / 2)
}

fn sorted<T: Ord>(usages: &[Usage], of: fn(&Usage) -> T) -> Vec<T> {
    let mut values: Vec<_> = usages.iter().map(of).collect();
    values.sort_unstable();
    values
}

#[cfg(test)]
pub(super) mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::bench::{
        program::{self, Rival, Runner},
        workload::Workload,
    };

    fn usage(wall_ms: u64, cpu_ms: u64, mib: u64) -> Usage {
        let (wall, cpu) = (Duration::from_millis(wall_ms), Duration::from_millis(cpu_ms));
        Usage { wall, cpu, peak_kib: mib << 10 }
    }

    /// A rival and the runners; all times are `times` as long.
    pub(crate) fn measured(scale: f64, times: u64) -> Measured {
        let rival =
            [usage(100 * times, 90, 30), usage(300 * times, 110, 30), usage(110 * times, 100, 31)];
        let other =
            [usage(55 * times, 250, 60), usage(54 * times, 200, 70), usage(80 * times, 300, 50)];
        let runners = Runner::value_variants();
        let programs = program::of(Workload::ALL[0], &[Rival::Hand], runners, &[2]).into_iter();
        let programs = programs.map(|program| {
            let usages = if program.is_ours() { other.to_vec() } else { rival.to_vec() };
            (program, usages)
        });
        Measured { workload: Workload::ALL[0], scale, programs: programs.collect() }
    }

    #[test]
    fn a_row_is_medians_and_ratios_of_them() {
        let report = markdown(&["2 cores".to_owned()], &[measured(0.1, 1)]);
        let mut lines = report.lines();
        assert_eq!(lines.next(), Some("- 2 cores"));
        assert_eq!(lines.nth(1), Some("## wordcount"));
        assert_eq!(lines.nth(1), Some("count the words of a text, write the counts: 50 MB"));
        assert_eq!(
            lines.nth(3),
            Some("| hand-written, 2 threads | 0.110 | 0.100 to 0.300 | 1.00 | 0.100 | 1.00 | 30 |")
        );
        assert_eq!(
            lines.next(),
            Some(
                "| Purlin parallel, 2 threads | 0.055 | 0.054 to 0.080 | 0.50 | 0.250 | 2.50 | 60 |"
            )
        );
    }

    #[test]
    fn growth_is_the_time_of_an_element_against_that_at_the_first_scale() {
        let report = markdown(&[], &[measured(0.1, 1), measured(1.0, 20)]);
        let rows: Vec<_> = report.lines().filter(|line| line.contains("hand-written")).collect();
        assert!(rows[0].ends_with("| 30 |"), "{}", rows[0]);
        assert!(rows[1].ends_with("| 30 | 2.00 |"), "{}", rows[1]);
    }

    #[test]
    fn the_median_of_an_even_number_is_one_that_was_measured() {
        let usages = [usage(4, 1, 1), usage(1, 1, 1), usage(3, 1, 1), usage(2, 1, 1)];
        assert_eq!(median(&usages, |usage| usage.wall), Duration::from_millis(2));
    }
}
