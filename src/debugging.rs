#![doc = include_str!("debugging.md")]
