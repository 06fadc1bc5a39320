//! Whether all or any of some conditions hold.

use crate::exec::CombineFn;

/// Whether all values are true; true of nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct All;

/// Whether any value is true; false of nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Any;

macro_rules! boolean {
    ($name:ident, $nothing:literal, $both:tt) => {
        impl CombineFn<bool> for $name {
            type Acc = bool;
            type Out = bool;

            fn create(&self) -> bool {
                $nothing
            }

            #[inline]
            fn add(&self, all: &mut bool, value: bool) {
                *all $both value;
            }

            fn merge(&self, all: &mut bool, other: bool) {
                self.add(all, other);
            }

            fn extract(&self, all: bool) -> bool {
                all
            }
        }
    };
}

boolean!(All, true, &=);
boolean!(Any, false, |=);

#[cfg(test)]
mod tests {
    use super::*;

    fn of(f: &impl CombineFn<bool, Acc = bool, Out = bool>, values: &[bool]) -> bool {
        let mut acc = f.create();
        values.iter().for_each(|value| f.add(&mut acc, *value));
        f.extract(acc)
    }

    #[test]
    fn all_of_nothing_is_true_and_any_of_nothing_false() {
        assert!(of(&All, &[]) && !of(&Any, &[]));
        assert!(of(&All, &[true, true]) && !of(&All, &[true, false]));
        assert!(of(&Any, &[false, true]) && !of(&Any, &[false, false]));
    }
}
