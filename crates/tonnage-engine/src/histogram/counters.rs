//! The counters of a histogram: a sorted list while they are few, then pages that exist only where something was counted.
//!
//! ```text
//! few         (index, count) by index, 8 bytes each        up to 128 of them
//! directory   at most 864 page numbers                     index / 64 ─┐
//! pages       64 counters of 32 bits each, 256 bytes  <───────────────┘  index % 64
//! carries     what does not fit into 32 bits, in units of 2³²
//! ```
//!
//! The latencies of one endpoint lie within one or two powers of ten: at most 53 or 107 pages, 14 or 28 KiB. All 55,296
//! counters would be 216 KiB a series. Of thousands of names each has a few samples a second, which lie in as many
//! pages: a list of them takes a thirtieth.

use std::collections::BTreeMap;

use super::bucket::LENGTH;

const PAGE: usize = 64;
const PAGES: usize = LENGTH / PAGE;
/// No page: beyond every page number, so that the bounds check of the pages is also the check for presence.
const NONE: u16 = u16::MAX;
/// A counter ends at 2⁶³ - 1, the largest count that HDR's signed form can hold.
const CARRY_LIMIT: u64 = (1 << 31) - 1;

const _: () = assert!(LENGTH.is_multiple_of(PAGE) && PAGES < NONE as usize);

/// So many counters are kept as a list; with more, or with one that needs more than 32 bits, there are pages.
const FEW: usize = 128;

const _: () = assert!(LENGTH <= 1 << 16);

#[derive(Debug, Clone)]
pub(super) struct Counters {
    /// By index; empty once there is a directory.
    few: Vec<(u16, u32)>,
    directory: Vec<u16>,
    pages: Vec<[u32; PAGE]>,
    carries: BTreeMap<usize, u64>,
}

impl Counters {
    pub(super) const fn new() -> Counters {
        Counters { few: Vec::new(), directory: Vec::new(), pages: Vec::new(), carries: BTreeMap::new() }
    }

    /// Counts one.
    ///
    /// The hot path: two loads that depend on each other (directory, page), one increment, and three branches that
    /// are never taken once the page exists (no directory or no page, carry). About 2 ns with the page in the cache.
    #[inline]
    pub(super) fn bump(&mut self, index: usize) {
        let number = self.directory.get(index / PAGE).copied().unwrap_or(NONE);
        match self.pages.get_mut(usize::from(number)) {
            Some(page) => {
                let counter = &mut page[index % PAGE];
                *counter = counter.wrapping_add(1);
                if *counter == 0 {
                    self.carry(index, 1);
                }
            }
            None => self.count(index, 1),
        }
    }

    /// Counts n.
    #[cold]
    pub(super) fn count(&mut self, index: usize, n: u64) {
        if self.directory.is_empty() {
            if self.count_few(index, n) {
                return;
            }
            self.spread_over_pages();
        }
        let counter = &mut self.page(index / PAGE)[index % PAGE];
        let (low, full) = counter.overflowing_add(n as u32);
        *counter = low;
        self.carry(index, (n >> 32) + u64::from(full));
    }

    /// Counts n in the list; false, and nothing counted, where it does not fit.
    fn count_few(&mut self, index: usize, n: u64) -> bool {
        let Ok(n) = u32::try_from(n) else { return false };
        match self.few.binary_search_by_key(&(index as u16), |(index, _)| *index) {
            Ok(at) => match self.few[at].1.checked_add(n) {
                Some(sum) => self.few[at].1 = sum,
                None => return false,
            },
            Err(_) if self.few.len() == FEW => return false,
            Err(at) => {
                if self.few.len() == self.few.capacity() {
                    self.few.reserve_exact(2 + self.few.len() / 2);
                }
                self.few.insert(at, (index as u16, n));
            }
        }
        true
    }

    /// Makes pages of the list.
    fn spread_over_pages(&mut self) {
        for (index, n) in std::mem::take(&mut self.few) {
            self.page(usize::from(index) / PAGE)[usize::from(index) % PAGE] = n;
        }
    }

    /// The page, made at first use.
    fn page(&mut self, page: usize) -> &mut [u32; PAGE] {
        if self.directory.len() <= page {
            // As long as the largest value needs: 320 bytes for a millisecond, and two for a histogram of zeros.
            self.directory.reserve_exact(page + 1 - self.directory.len());
            self.directory.resize(page + 1, NONE);
        }
        let number = &mut self.directory[page];
        if *number == NONE {
            *number = self.pages.len() as u16;
            if self.pages.len() == self.pages.capacity() {
                // By a quarter: doubling would leave half of the memory of thousands of series unused.
                self.pages.reserve_exact(1 + self.pages.len() / 4);
            }
            self.pages.push([0; PAGE]);
        }
        &mut self.pages[usize::from(*number)]
    }

    #[cold]
    fn carry(&mut self, index: usize, high: u64) {
        if high > 0 {
            let carry = self.carries.entry(index).or_default();
            *carry = carry.saturating_add(high).min(CARRY_LIMIT);
        }
    }

    /// Counts everything that the other one has counted.
    pub(super) fn add(&mut self, other: &Counters) {
        other.few.iter().for_each(|(index, n)| self.count(usize::from(*index), u64::from(*n)));
        if other.directory.is_empty() {
            return;
        }
        self.spread_over_pages();
        for (page, theirs) in other.present() {
            let ours = self.page(page);
            let mut full = [false; PAGE];
            for ((our, their), full) in ours.iter_mut().zip(theirs).zip(&mut full) {
                (*our, *full) = our.overflowing_add(*their);
            }
            if full.contains(&true) {
                full.iter().enumerate().filter(|(_, full)| **full).for_each(|(i, _)| self.carry(page * PAGE + i, 1));
            }
        }
        other.carries.iter().for_each(|(index, high)| self.carry(*index, *high));
    }

    /// Forgets all counts. Room that was needed since the last time stays, for it will be needed again: that of the list,
    /// and the pages that were hit. The rest goes, and all pages where a list would have done.
    pub(super) fn clear(&mut self) {
        if self.few.capacity() > 2 * self.few.len() {
            self.few.shrink_to_fit();
        }
        self.few.clear();
        if !self.directory.is_empty() && self.carries.is_empty() && self.iter().nth(FEW).is_none() {
            (self.directory, self.pages) = (Vec::new(), Vec::new());
            return;
        }
        let mut kept = 0;
        for page in 0..self.directory.len() {
            let number = self.directory[page];
            let hit = number != NONE
                && (self.pages[usize::from(number)].iter().any(|counter| *counter != 0)
                    || self.carries.range(page * PAGE..(page + 1) * PAGE).next().is_some());
            // Empty pages are all alike, so the ones that stay can simply be numbered again.
            self.directory[page] = if hit { kept } else { NONE };
            kept += u16::from(hit);
        }
        let kept = usize::from(kept);
        self.carries.clear();
        self.pages.truncate(kept);
        self.pages.fill([0; PAGE]);
        // What is left over is given back only where it is most of it: the seconds of a run differ a little, and pages
        // must not be allocated and freed each time.
        if self.pages.capacity() > 2 * kept {
            self.pages.shrink_to(kept);
        }
        if kept == 0 {
            self.directory = Vec::new();
        }
    }

    /// The counters that are not zero, in order: (index, count).
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let paged = self
            .present()
            .flat_map(|(page, counters)| counters.iter().enumerate().map(move |(i, low)| (page * PAGE + i, *low)))
            .map(|(index, low)| (index, u64::from(low) + (self.high(index) << 32)));
        let few = self.few.iter().map(|(index, n)| (usize::from(*index), u64::from(*n)));
        few.chain(paged).filter(|(_, count)| *count > 0)
    }

    fn high(&self, index: usize) -> u64 {
        if self.carries.is_empty() {
            0
        } else {
            self.carries.get(&index).copied().unwrap_or(0)
        }
    }

    fn present(&self) -> impl Iterator<Item = (usize, &[u32; PAGE])> {
        let numbers = self.directory.iter().enumerate();
        numbers.filter_map(|(page, number)| Some((page, self.pages.get(usize::from(*number))?)))
    }

    /// Bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        self.few.capacity() * size_of::<(u16, u32)>()
            + self.directory.capacity() * size_of::<u16>()
            + self.pages.capacity() * size_of::<[u32; PAGE]>()
            + self.carries.len() * size_of::<(usize, u64)>()
    }
}
