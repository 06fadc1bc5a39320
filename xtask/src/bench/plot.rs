//! The picture: a bar for each program's median wall time, workload by workload.

use std::fmt::Write;

use super::{
    Measured,
    program::{Program, Rival, Runner, System},
    report::{median, seconds},
};

const WIDTH: usize = 900;
/// Where bars begin: names are before.
const LEFT: usize = 260;
/// How long the longest bar of a workload is: its time stands behind.
const LONGEST: f64 = 540.0;
const LINE: usize = 18;
const HEAD: usize = 40;

/// One group of bars a workload at its largest scale, each group with a scale of its own.
pub(super) fn svg(measured: &[Measured]) -> String {
    let largest = measured.iter().filter(|it| {
        !measured.iter().any(|other| other.workload == it.workload && other.scale > it.scale)
    });
    let (mut bars, mut top) = (String::new(), 0);
    for it in largest {
        bars.push_str(&group(it, top));
        top += HEAD + it.programs.len() * LINE;
    }
    let height = top + LINE;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n{bars}</svg>\n"
    )
}

fn group(it: &Measured, top: usize) -> String {
    let wall = |usages: &Vec<_>| seconds(median(usages, |usage| usage.wall));
    let most = it.programs.iter().map(|(_, usages)| wall(usages)).fold(f64::MIN_POSITIVE, f64::max);
    let title = format!("{}: {}", it.workload.title, it.workload.sized(it.scale));
    let mut group = format!(
        "<text x=\"8\" y=\"{}\" font-weight=\"bold\">{}</text>\n",
        top + HEAD - 12,
        escape(&title)
    );
    for (index, (program, usages)) in it.programs.iter().enumerate() {
        let (wall, y) = (wall(usages), top + HEAD + index * LINE);
        let length = (wall / most * LONGEST).max(1.0);
        let (middle, right) = (y + LINE - 6, LEFT as f64 + length + 6.0);
        writeln!(
            group,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\" fill=\"{}\"/>\
             <text x=\"{right:.1}\" y=\"{middle}\">{wall:.2} s</text>",
            LEFT - 8,
            escape(&program.to_string()),
            LINE - 4,
            colour(*program),
        )
        .expect("writing to a string succeeds");
    }
    group
}

fn colour(program: Program) -> &'static str {
    match program.system {
        System::Purlin(Runner::Parallel) => "#c2410c",
        System::Purlin(Runner::Direct) => "#fb923c",
        System::Purlin(Runner::Grpc) => "#fdba74",
        System::Rival(Rival::Hand) => "#334155",
        System::Rival(Rival::Plain) => "#94a3b8",
        System::Rival(_) => "#60a5fa",
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::tests::measured;

    #[test]
    fn the_largest_scale_is_drawn_and_the_slowest_bar_is_the_longest() {
        let svg = svg(&[measured(0.1, 1), measured(1.0, 2)]);
        assert!(svg.contains(": 500 MB</text>") && !svg.contains(": 50 MB"));
        let slowest = svg.lines().find(|line| line.contains("hand-written")).unwrap();
        assert!(slowest.contains("width=\"540.0\"") && slowest.contains(">0.22 s<"), "{slowest}");
        let faster = svg.lines().find(|line| line.contains("Purlin parallel")).unwrap();
        assert!(faster.contains("width=\"270.0\"") && faster.contains(">0.11 s<"), "{faster}");
    }
}
