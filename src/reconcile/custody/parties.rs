//! Who did it: parties by the sources and destinations of events, places by the party they belong to, names by master data.

use std::collections::BTreeMap;

use crate::epcis::Header;
use crate::epcis::Term;
use crate::gs1::CompanyPrefixes;
use crate::gs1::Epc;
use crate::reconcile::custody::deed::Deed;
use crate::reconcile::custody::walk::Sighting;

/// A party that had an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// GLN-13, or its key where it has none.
    pub id: String,
    /// Its name, if master data tells it.
    pub name: Option<Box<str>>,
}

impl Party {
    /// Its name, else its GLN.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// What the events of an object tell of parties and places.
pub(super) struct Parties {
    prefixes: CompanyPrefixes,
    names: BTreeMap<String, Box<str>>,
    /// The party of each place.
    owners: BTreeMap<String, String>,
    /// The party of each company prefix.
    companies: BTreeMap<String, String>,
    list: Vec<Party>,
}

impl Parties {
    /// Learns from all events of an object and from the headers of their documents.
    pub(super) fn learn<'a>(sightings: &[Sighting], headers: impl Iterator<Item = &'a Header>) -> Parties {
        let mut parties = Parties {
            prefixes: CompanyPrefixes::builtin(),
            names: BTreeMap::new(),
            owners: BTreeMap::new(),
            companies: BTreeMap::new(),
            list: Vec::new(),
        };
        for sighting in sightings {
            let all = sighting.sources.iter().chain(&sighting.destinations).map(|(_, epc)| epc);
            for epc in all.chain(&sighting.read_point) {
                parties.prefixes.learn(epc.as_str());
            }
        }
        sightings.iter().for_each(|sighting| parties.learn_places(sighting));
        headers.for_each(|header| parties.learn_names(header));
        parties
    }

    fn learn_places(&mut self, sighting: &Sighting) {
        let (seller, buyer) = (owner(&sighting.sources), owner(&sighting.destinations));
        let deed = Deed::of(sighting);
        let here = [&sighting.read_point, &sighting.biz_location].into_iter().flatten();
        let (at_seller, at_buyer): (Vec<&Epc>, Vec<&Epc>) = match deed {
            Deed::Shipped | Deed::ShippingVoided => (here.collect(), Vec::new()),
            Deed::Received => (Vec::new(), here.collect()),
            _ => (Vec::new(), Vec::new()),
        };
        for (party, places, ends) in
            [(seller, at_seller, &sighting.sources), (buyer, at_buyer, &sighting.destinations)]
        {
            let Some(party) = party else { continue };
            let owner = id(party);
            if let Some(company) = self.company(party) {
                self.companies.entry(company).or_insert_with(|| owner.clone());
            }
            for place in places.into_iter().chain(ends.iter().map(|(_, place)| place)) {
                self.owners.entry(id(place)).or_insert_with(|| owner.clone());
            }
        }
    }

    fn learn_names(&mut self, header: &Header) {
        for element in header.master_data.iter().flat_map(|vocabulary| &vocabulary.elements) {
            let name = element.attributes.iter().find(|attribute| is_name(&attribute.id));
            if let Some(name) = name.and_then(|name| name.text()).filter(|name| !name.trim().is_empty()) {
                self.names.entry(id(&Epc::parse(&element.id))).or_insert_with(|| name.trim().into());
            }
        }
    }

    /// Who did it, and the other side of a shipping or receiving, as places in the list.
    pub(super) fn ends(&mut self, sighting: &Sighting, deed: &Deed) -> (Option<usize>, Option<usize>) {
        let place = sighting.biz_location.as_ref().or(sighting.read_point.as_ref());
        let here = place.map(|place| self.party_of(place));
        let seller = owner(&sighting.sources).map(id);
        let buyer = owner(&sighting.destinations).map(id);
        let (party, other) = match deed {
            Deed::Shipped | Deed::ShippingVoided => (seller.or(here), buyer),
            Deed::Received => (here.or(buyer), seller),
            _ => (here, None),
        };
        (party.map(|party| self.number(party)), other.map(|party| self.number(party)))
    }

    /// True where a sender is this party of the list, or one of its company.
    pub(super) fn is_same(&self, sender: &Epc, party: usize) -> bool {
        self.list.get(party).is_none_or(|party| self.party_of(sender) == party.id)
    }

    /// All parties, in the order of their appearance.
    pub(super) fn into_list(self) -> Vec<Party> {
        self.list
    }

    fn party_of(&self, place: &Epc) -> String {
        let place_id = id(place);
        if let Some(owner) = self.owners.get(&place_id) {
            return owner.clone();
        }
        let company = self.company(place).and_then(|company| self.companies.get(&company));
        company.cloned().unwrap_or(place_id)
    }

    /// The company prefix of a place or party.
    fn company(&self, place: &Epc) -> Option<String> {
        let length = place.company_prefix_length(&self.prefixes)?;
        place.gln()?.to_string().get(..usize::from(length)).map(str::to_owned)
    }

    fn number(&mut self, party: String) -> usize {
        if let Some(known) = self.list.iter().position(|known| known.id == party) {
            return known;
        }
        let name = self.names.get(&party).cloned();
        self.list.push(Party { id: party, name });
        self.list.len() - 1
    }
}

/// A party or place by its GLN-13, or its key where it has none.
fn id(epc: &Epc) -> String {
    epc.gln().map_or_else(|| epc.key(), |gln| gln.to_string())
}

/// The owning party, else the possessing party.
fn owner(ends: &[(Term, Epc)]) -> Option<&Epc> {
    let of = |kind: &str| ends.iter().find(|(term, _)| term.bare() == kind).map(|(_, epc)| epc);
    of("owning_party").or_else(|| of("possessing_party"))
}

/// `urn:epcglobal:cbv:mda#name` and its spellings.
fn is_name(attribute: &str) -> bool {
    attribute.rsplit(['#', ':', '/']).next() == Some("name")
}
