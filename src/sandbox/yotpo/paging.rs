//! Pages of customers: the parameters of the list, and its cursors.

use serde_json::json;

use crate::sandbox::reply::Query;

/// The parameters that the list takes. `external_ids`, `email`, `phone_number` and `expand` are *seen* in
/// clients, `limit` and `page_info` *documented*. Others are refused, so that a misspelt filter does not return
/// all customers.
pub(super) const QUERY: [&str; 6] = ["external_ids", "email", "phone_number", "expand", "limit", "page_info"];

/// Documented; the default is *unknown*, and is the same here.
pub(super) const MAX_LIMIT: usize = 100;

/// The filters of a page, which are part of the cursor (*documented*), and where it starts.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Page {
    pub(super) start: usize,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) external_ids: Option<Vec<String>>,
}

impl Page {
    pub(super) fn first(query: &Query) -> Self {
        // That several ids are parted by commas is *inferred*.
        let ids = query.list("external_ids");
        Self {
            start: 0,
            email: query.first("email").map(str::to_owned),
            phone: query.first("phone_number").map(str::to_owned),
            external_ids: query.first("external_ids").map(|_| ids.into_iter().map(str::to_owned).collect()),
        }
    }

    /// Written URL-encoded, as the vendor does (*seen*): a client that encodes it again sends a cursor that cannot be read.
    pub(super) fn cursor(&self, start: usize) -> String {
        let next = json!({"start": start, "email": self.email, "phone": self.phone, "external_ids": self.external_ids});
        url::form_urlencoded::byte_serialize(next.to_string().as_bytes()).collect()
    }

    pub(super) fn of_cursor(cursor: &str) -> Option<Self> {
        serde_json::from_str(cursor).ok()
    }
}
