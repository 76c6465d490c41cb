//! Routes beside the customers: the blacklist, invitations, orders, groups, metafields and social logins.

use serde_json::{Map, Value, json};
use wiremock::Request;

use super::check::Fault;
use super::paging;
use super::record::View;
use super::state::{State, input, missing, no_customer};
use crate::sandbox::reply::{self, Reply};

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// A text that a body has to hold.
fn needed<'a>(body: &'a Value, key: &str) -> Result<&'a str, Fault> {
    let text = body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| Fault::new(400, format!("body:the required property '{key}' is missing")))
}

fn wrapped(request: &Request, key: &str) -> Result<Map<String, Value>, Fault> {
    match input(request)?.get_mut(key).map(Value::take) {
        Some(Value::Object(inner)) => Ok(inner),
        _ => Err(Fault::new(400, format!("body:the required property '{key}' is missing"))),
    }
}

fn done() -> Reply {
    reply::json(200, json!({}))
}

/// A page of items, in the form of the vendor's lists; the cursor is a count here.
fn page(request: &Request, key: &str, items: Vec<Value>, max: usize) -> Result<Reply, Fault> {
    let query = reply::query(request);
    let limit: usize = reply::param(&query, "limit").unwrap_or("50").parse().unwrap_or(0);
    if !(1..=max).contains(&limit) {
        return Err(Fault::value("query.limit", &format!("must be 1 to {max}")));
    }
    let start: usize = match reply::param(&query, "page_info") {
        Some(cursor) => cursor.parse().map_err(|_| Fault::value("query.page_info", "is not a cursor"))?,
        None => 0,
    };
    let more = items.len() > start.saturating_add(limit);
    let fields = reply::param(&query, "fields");
    let shown: Vec<Value> = items.into_iter().skip(start).take(limit).map(|i| paging::select(i, fields)).collect();
    let answer = reply::json(200, json!({ key: shown }));
    if !more {
        return Ok(answer);
    }
    let (host, path) = (reply::header(request, "host").unwrap_or("localhost"), request.url.path());
    let next = start + limit;
    Ok(answer.with_header("link", format!("<http://{host}{path}?limit={limit}&page_info={next}>; rel=\"next\"")))
}

impl State {
    /// Routes that are none of the core's.
    pub(super) fn extra(&mut self, request: &Request, route: &[&str]) -> Result<Reply, Fault> {
        match (request.method.as_str(), route) {
            ("POST", ["customers", "add_blacklist"]) => self.blacklist(request, true),
            ("POST", ["customers", "remove_blacklist"]) => self.blacklist(request, false),
            ("POST", ["customers", id, "send_invite"]) => {
                let customer = self.find(id).ok_or_else(no_customer)?;
                let to = customer.text("email");
                let to = to.ok_or_else(|| Fault::new(422, "The customer has no email."))?;
                Ok(reply::json(200, json!({ "customer_invite": { "from": "shop@example.com", "to": to } })))
            }
            ("POST", ["customers", id, "account_activation_url"]) => {
                let id = self.find(id).ok_or_else(no_customer)?.id;
                let url = format!("https://open001.myshopline.com/activate?customer={id}&token=fake");
                Ok(reply::json(200, json!({ "data": { "account_activation_url": url } })))
            }
            ("GET", ["customers", id, "orders"]) => {
                self.find(id).ok_or_else(no_customer)?;
                let query = reply::query(request);
                match reply::param(&query, "status") {
                    Some("any" | "open" | "cancelled") => page(request, "list", Vec::new(), 100),
                    _ => Err(Fault::new(400, "query:the required property 'status' is missing")),
                }
            }
            ("GET", ["customer_saved_searches"]) => {
                let groups: Vec<_> = self.extras.groups.values().cloned().map(Value::Object).collect();
                Ok(reply::json(200, json!({ "customer_saved_searches": groups })))
            }
            ("GET", ["customer_saved_searches", "count"]) => {
                Ok(reply::json(200, json!({ "count": self.extras.groups.len() })))
            }
            ("POST", ["customer_saved_searches"]) => self.make_group(request),
            (_, ["customer_saved_searches", id]) => self.group(request, id),
            ("GET", ["customer_saved_searches", id, "customers"]) => self.members(request, id),
            ("POST", ["metafields_set"]) => self.set_metafields(request),
            (_, ["customers", owner, "metafields", rest @ ..]) => self.metafields(request, owner, rest),
            (_, ["customers_social_login"]) => self.social(request),
            _ => Err(missing()),
        }
    }

    fn blacklist(&mut self, request: &Request, on: bool) -> Result<Reply, Fault> {
        let body = input(request)?;
        self.find_mut(needed(&body, "customer_id")?)?.blacklisted = on;
        Ok(done())
    }

    fn make_group(&mut self, request: &Request) -> Result<Reply, Fault> {
        let given = Value::Object(wrapped(request, "customer_saved_search")?);
        let (name, query) = (needed(&given, "name")?, needed(&given, "query")?);
        self.extras.made_groups += 1;
        let id = format!("GROUP{}", 5_483_719_394_486_658_000 + self.extras.made_groups);
        let now = super::record::stamp(self.time.seconds());
        let group = json!({ "id": id, "name": name, "query": query, "created_at": now, "updated_at": now });
        if let Value::Object(group) = &group {
            self.extras.groups.insert(id, group.clone());
        }
        Ok(reply::json(200, json!({ "customer_saved_search": group })))
    }

    fn group(&mut self, request: &Request, id: &str) -> Result<Reply, Fault> {
        if request.method.as_str() == "DELETE" {
            self.extras.groups.remove(id).ok_or_else(missing)?;
            return Ok(done());
        }
        let group = self.extras.groups.get_mut(id).ok_or_else(missing)?;
        if request.method.as_str() == "PUT" {
            // Only the name is documented for an update.
            let given = wrapped(request, "customer_saved_search")?;
            if let Some(name) = text(&given, "name") {
                group.insert("name".to_owned(), name.into());
            }
        }
        let shown = paging::select(Value::Object(group.clone()), reply::param(&reply::query(request), "fields"));
        Ok(reply::json(200, json!({ "customer_saved_search": shown })))
    }

    /// Comparisons of a number and plain equality are understood of a group's query; its whole language is *unknown*.
    fn members(&self, request: &Request, id: &str) -> Result<Reply, Fault> {
        let query = self.extras.groups.get(id).and_then(|group| text(group, "query")).ok_or_else(missing)?;
        let belongs = |shown: &Value| {
            query.split(';').all(|criterion| {
                let (name, wanted) = criterion.split_once(':').unwrap_or((criterion, ""));
                let value = shown.get(name.trim()).map(|value| match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
                let number = |text: &str| text.trim().parse::<i64>().ok();
                let value = value.unwrap_or_default();
                match (wanted.strip_prefix('>'), wanted.strip_prefix('<')) {
                    (Some(low), _) => number(&value).zip(number(low)).is_some_and(|(value, low)| value > low),
                    (_, Some(high)) => number(&value).zip(number(high)).is_some_and(|(value, high)| value < high),
                    _ => value.split(',').any(|part| part.trim() == wanted.trim()),
                }
            })
        };
        let members = self.customers.values().map(|customer| customer.show(View::Listed)).filter(belongs).collect();
        page(request, "customers", members, 250)
    }

    fn metafields(&mut self, request: &Request, owner: &str, rest: &[&str]) -> Result<Reply, Fault> {
        self.find(owner).ok_or_else(no_customer)?;
        let query = reply::query(request);
        let of_owner = |m: &Map<String, Value>| text(m, "owner_id") == Some(owner);
        match (request.method.as_str(), rest) {
            ("GET", []) => {
                let matches = |m: &&Map<String, Value>| {
                    let names = ["namespace", "key", "type"];
                    of_owner(m) && names.iter().all(|n| reply::param(&query, n).is_none_or(|v| text(m, n) == Some(v)))
                };
                let shown = self.extras.metafields.values().filter(matches).cloned().map(Value::Object).collect();
                page(request, "metafields", shown, 250)
            }
            ("GET", ["count"]) => {
                let count = self.extras.metafields.values().filter(|m| of_owner(m)).count();
                Ok(reply::json(200, json!({ "count": count })))
            }
            ("POST", []) => {
                let given = wrapped(request, "metafield")?;
                let shown = self.keep_metafield(owner, given, false)?;
                Ok(reply::json(200, json!({ "metafield": shown })))
            }
            (method, [id]) => {
                let id: u64 = id.parse().map_err(|_| missing())?;
                if !self.extras.metafields.get(&id).is_some_and(of_owner) {
                    return Err(missing());
                }
                if method == "DELETE" {
                    self.extras.metafields.remove(&id);
                    return Ok(done());
                }
                let metafield = self.extras.metafields.get_mut(&id).ok_or_else(missing)?;
                if method == "PUT" {
                    let mut given = wrapped(request, "metafield")?;
                    given.retain(|key, _| matches!(key.as_str(), "value" | "description" | "type"));
                    metafield.extend(given);
                }
                Ok(reply::json(200, json!({ "metafield": metafield })))
            }
            _ => Err(missing()),
        }
    }

    fn keep_metafield(
        &mut self,
        owner: &str,
        mut given: Map<String, Value>,
        may_replace: bool,
    ) -> Result<Value, Fault> {
        for key in ["namespace", "key", "type", "value"] {
            if text(&given, key).is_none() {
                return Err(Fault::value(&format!("body.metafield.{key}"), "is required"));
            }
        }
        let same = |m: &Map<String, Value>| {
            text(m, "owner_id") == Some(owner)
                && ["namespace", "key"].iter().all(|name| text(m, name) == text(&given, name))
        };
        let held = self.extras.metafields.iter().find(|(_, m)| same(m)).map(|(id, _)| *id);
        let id = match held {
            Some(id) if may_replace => id,
            // That a second one with the name is refused is *inferred*.
            Some(_) => return Err(Fault::value("body.metafield.key", "exists in this namespace")),
            None => {
                self.extras.made_metafields += 1;
                6_543_210_987_650_000 + self.extras.made_metafields
            }
        };
        let now = super::record::stamp(self.time.seconds());
        given.insert("id".to_owned(), id.into());
        given.insert("owner_id".to_owned(), owner.into());
        given.insert("owner_resource".to_owned(), "customers".into());
        given.insert("updated_at".to_owned(), now.as_str().into());
        given.entry("created_at").or_insert_with(|| now.into());
        self.extras.metafields.insert(id, given.clone());
        Ok(Value::Object(given))
    }

    /// Some may be kept and others not, in one 200 (*documented*).
    fn set_metafields(&mut self, request: &Request) -> Result<Reply, Fault> {
        let mut body = input(request)?;
        let Some(Value::Array(items)) = body.get_mut("metafields").map(Value::take) else {
            return Err(Fault::new(400, "body:the required property 'metafields' is missing"));
        };
        if !(1..=25).contains(&items.len()) {
            return Err(Fault::value("body.metafields", "needs 1 to 25 items"));
        }
        let (mut kept, mut failed) = (Vec::new(), Vec::new());
        for item in items {
            let Value::Object(given) = item else { return Err(Fault::new(400, "body.metafields:must hold objects")) };
            let owner = text(&given, "owner_id").unwrap_or_default().to_owned();
            let named = |errors: &str| {
                json!({ "owner_id": owner, "owner_resource": given.get("owner_resource"), "errors": errors,
                        "namespace": given.get("namespace"), "key": given.get("key") })
            };
            if self.find(&owner).is_none() {
                failed.push(named("The owner does not exist."));
                continue;
            }
            match self.keep_metafield(&owner, given.clone(), true) {
                Ok(shown) => kept.push(shown),
                Err(fault) => failed.push(named(&fault.errors)),
            }
        }
        Ok(reply::json(200, json!({ "metafields": kept, "fail_metafields": failed })))
    }

    fn social(&mut self, request: &Request) -> Result<Reply, Fault> {
        if request.method.as_str() == "GET" {
            let query = reply::query(request);
            let wanted = |name: &str, value: &str| reply::param(&query, name).is_none_or(|wanted| wanted == value);
            let rows = self.extras.social.iter();
            let rows = rows.filter(|((c, p), _)| wanted("login_channel", c) && wanted("login_platform_type", p));
            let rows: Vec<_> = rows.map(|(_, row)| row.clone()).collect();
            return Ok(reply::json(200, json!({ "data": { "third_party_login_configurations": rows } })));
        }
        let body = input(request)?;
        let channel = needed(&body, "login_channel")?.to_owned();
        match request.method.as_str() {
            "POST" => {
                // What is meant where no platform is named is *unknown*: the web, here.
                let platform = needed(&body, "login_platform_type").unwrap_or("web").to_owned();
                self.extras.social.insert((channel, platform), body);
                Ok(done())
            }
            "DELETE" => {
                let platform = needed(&body, "login_platform_type")?.to_owned();
                self.extras.social.remove(&(channel, platform)).ok_or_else(missing)?;
                Ok(done())
            }
            _ => Err(missing()),
        }
    }
}
