//! The table that everyone reads.

use std::{fmt::Write, time::Duration};

use super::{Measured, measure::Usage, program::PROGRAMS};

/// One section a workload. A ratio is that of the median to the first program's.
pub(super) fn markdown(facts: &[String], measured: &[Measured]) -> String {
    let facts = facts.iter().map(|fact| format!("- {fact}\n"));
    let sections = measured.iter().map(|it| {
        let rows = PROGRAMS.iter().zip(&it.usages);
        let rows: String = rows
            .map(|(program, usages)| row(&program.to_string(), usages, &it.usages[0]))
            .collect();
        format!("\n## {}\n\n{HEAD}{rows}", it.workload)
    });
    facts.chain(sections).collect()
}

const HEAD: &str = "\
| program | wall s | least to most | ratio | CPU s | ratio | peak MiB |
|---|---|---|---|---|---|---|
";

fn row(name: &str, usages: &[Usage], first: &[Usage]) -> String {
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
    row + "|\n"
}

fn ratio(usages: &[Usage], first: &[Usage], of: fn(&Usage) -> Duration) -> String {
    format!("{:.2}", seconds(median(usages, of)) / seconds(median(first, of)))
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// The middle one, or of two the lesser. There is at least one.
fn median<T: Ord>(usages: &[Usage], of: fn(&Usage) -> T) -> T {
    let mut values = sorted(usages, of);
    values.swap_remove((values.len() - 1) / 2)
}

fn sorted<T: Ord>(usages: &[Usage], of: fn(&Usage) -> T) -> Vec<T> {
    let mut values: Vec<_> = usages.iter().map(of).collect();
    values.sort_unstable();
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::program::Workload;

    fn usage(wall_ms: u64, cpu_ms: u64, mib: u64) -> Usage {
        let (wall, cpu) = (Duration::from_millis(wall_ms), Duration::from_millis(cpu_ms));
        Usage { wall, cpu, peak_kib: mib << 10 }
    }

    #[test]
    fn a_row_is_medians_and_ratios_of_them() {
        let rival = vec![usage(100, 90, 30), usage(300, 110, 30), usage(110, 100, 31)];
        let other = vec![usage(55, 250, 60), usage(54, 200, 70), usage(80, 300, 50)];
        let usages = vec![rival.clone(), rival, other.clone(), other.clone(), other];
        let measured = Measured { workload: Workload::Wordcount, usages };
        let report = markdown(&["2 cores".to_owned()], &[measured]);
        let mut lines = report.lines().skip(6);
        assert!(report.starts_with("- 2 cores\n\n## wordcount\n\n| program | wall s |"));
        assert_eq!(
            lines.next(),
            Some(
                "| hand-written, one thread | 0.110 | 0.100 to 0.300 | 1.00 | 0.100 | 1.00 | 30 |"
            )
        );
        assert_eq!(
            lines.nth(1),
            Some(
                "| Purlin, `--runner=parallel` | 0.055 | 0.054 to 0.080 | 0.50 | 0.250 | 2.50 | 60 |"
            )
        );
    }

    #[test]
    fn the_median_of_an_even_number_is_one_that_was_measured() {
        let usages = [usage(4, 1, 1), usage(1, 1, 1), usage(3, 1, 1), usage(2, 1, 1)];
        assert_eq!(median(&usages, |usage| usage.wall), Duration::from_millis(2));
    }
}
