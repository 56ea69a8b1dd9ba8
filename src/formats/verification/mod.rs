//! Verification of product identifiers on the wire: questions in a URL, answers in JSON (GS1 Lightweight Messaging Standard
//! 1.1; GS1 US guideline 1.1 and 1.3).

mod evidence;
mod form;
mod obligation;
mod percent;
mod request;
mod request_reader;
mod response;
mod response_reader;

pub use evidence::write_evidence;
pub use form::VerificationForm;
pub use form::csv_headings;
pub use obligation::ObligationForm;
pub use request::CONNECTIVITY;
pub use request::LINK_KIND;
pub use request::Release;
pub use request::SALEABLE_RETURN;
pub use request::VERSION_HEADER;
pub use request::connectivity_address;
pub use request::request_address;
pub use request::resolver_address;
pub use request_reader::ConnectivityRequest;
pub use request_reader::RequestFault;
pub use request_reader::read_connectivity_request;
pub use request_reader::read_request;
pub use response::write_connectivity;
pub use response::write_response;
pub use response_reader::ReadResponse;
pub use response_reader::ResponseFault;
pub use response_reader::ResponseNotice;
pub use response_reader::read_connectivity;
pub use response_reader::read_response;
