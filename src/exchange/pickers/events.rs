//! One look for events at a partner's endpoint: everything recorded since the last look that came to its end.

use std::io::Cursor;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;

use crate::exchange::Arrival;
use crate::exchange::pickers::Look;
use crate::exchange::pickers::PickError;
use crate::exchange::pickers::Picker;
use crate::transport::PartnerChannel;
use crate::transport::https;
use crate::transport::https::Settings;
use crate::transport::https::Wanted;

/// Pages that are taken in one look; what comes after them is taken by the next.
const MOST_PAGES: usize = 10_000;

impl Picker {
    /// Takes page after page. Pages of the same events as before have one effect, so that nothing is lost or doubled where
    /// a look breaks off, or where the partner records several events at one time.
    pub(super) async fn pull(
        &self,
        channel: &PartnerChannel,
        settings: &Settings,
        mark: &str,
    ) -> Result<Look, PickError> {
        let since = DateTime::parse_from_rfc3339(mark).ok().map(|time| time.to_utc());
        let (mut look, mut latest, mut wanted) = (Look::default(), since, Wanted::Since(since));
        for _ in 0..MOST_PAGES {
            let page = https::page(&self.outbound, settings, &wanted).await?;
            latest = latest.max(page.latest);
            if page.events > 0 {
                let arrival = Arrival {
                    channel: channel.id.clone(),
                    partner: channel.partner.clone(),
                    message_id: format!("events:{}", page.identity),
                    name: format!("events_{}.jsonld", page.identity.get(..16).unwrap_or_default()),
                    at: (self.clock)(),
                };
                let inbox = self.inbox.clone();
                let body = page.body;
                let taking = tokio::task::spawn_blocking(move || inbox.take(&arrival, Cursor::new(body)));
                look.count(&taking.await.map_err(|_| PickError::Panic)??);
            }
            match page.next {
                Some(next) => wanted = Wanted::Next(next),
                None => break,
            }
        }
        look.mark = latest.map(spelt);
        Ok(look)
    }
}

fn spelt(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
