//! The last word on each processor: what compaction must not forget when it removes the segment that says it.

use std::collections::HashMap;

use crate::record::{Kind, Record};

#[derive(Debug, Default)]
pub(crate) struct Processors {
    latest: HashMap<Vec<u8>, Latest>,
    order: u64,
}

#[derive(Debug, Default)]
struct Latest {
    published: Option<Kept>,
    epoch: Option<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    segment: u64,
    order: u64,
    body: Vec<u8>,
}

impl Processors {
    /// A record was added to a segment.
    pub(crate) fn note(&mut self, segment: u64, record: Record<'_>, body: &[u8]) {
        if record.kind == Kind::Event {
            return;
        }
        self.order += 1;
        if !self.latest.contains_key(record.processor) {
            self.latest.insert(record.processor.to_vec(), Latest::default());
        }
        let Some(latest) = self.latest.get_mut(record.processor) else { return };
        let slot = if record.kind == Kind::Epoch { &mut latest.epoch } else { &mut latest.published };
        let kept = slot.get_or_insert_default();
        kept.segment = segment;
        kept.order = self.order;
        kept.body.clear();
        kept.body.extend_from_slice(body);
    }

    /// What has to be written again before the segments below `first_kept` go. Both records of a processor are, in the order
    /// in which they came: an epoch that was repeated behind a later publication would take that back.
    pub(crate) fn carried(&self, first_kept: u64) -> Vec<Vec<u8>> {
        let mut carried: Vec<&Kept> = self
            .latest
            .values()
            .map(|latest| [latest.published.as_ref(), latest.epoch.as_ref()])
            .filter(|kept| kept.iter().flatten().any(|kept| kept.segment < first_kept))
            .flat_map(|kept| kept.into_iter().flatten())
            .collect();
        carried.sort_unstable_by_key(|kept| kept.order);
        carried.into_iter().map(|kept| kept.body.clone()).collect()
    }
}
