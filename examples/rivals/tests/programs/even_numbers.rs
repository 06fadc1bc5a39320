//! Doubles of even numbers.

use crate::each_output;

fn assert_same(text: &str) {
    let mut expected = naive(text);
    expected.sort_unstable();
    each_output("even_numbers", text.as_bytes(), |program, outcome| {
        let mut lines: Vec<_> = outcome.as_ref().unwrap().lines().collect();
        lines.sort_unstable();
        assert!(lines == expected, "{program} doubles {} bytes", text.len());
    });
}

fn naive(text: &str) -> Vec<String> {
    let numbers = text.lines().map(|line| line.trim().parse::<i64>().unwrap());
    numbers.filter(|n| n % 2 == 0).map(|n| (n * 2).to_string()).collect()
}

#[test]
fn small_files_are_doubled() {
    for text in ["", "2", "1\n", "0\n-4\n7\n +10\r\n123456789012\n-2", "4611686018427387902"] {
        assert_same(text);
    }
}

#[test]
fn many_blocks_are_doubled() {
    let numbers = (0_i64..600_000)
        .map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64)) >> (i % 60 + 2));
    let text: String = numbers.map(|number| format!("{number}\n")).collect();
    assert!(text.len() > 3 << 20);
    assert_same(&text);
}

#[test]
fn a_line_that_is_no_number_gives_no_output() {
    for text in ["2\nsix\n", "2\n\n", "2\n4611686018427387904\n6\n"] {
        each_output("even_numbers", text.as_bytes(), |program, outcome| {
            assert!(outcome.unwrap_err().starts_with("error: "), "{program}: {text}");
        });
    }
}
