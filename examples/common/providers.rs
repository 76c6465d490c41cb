//! The five providers as the environment says: a vendor where its variables are set, the built-in sandbox otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use customer_sink::providers::{shoplazza, shopline, triple_whale, whale, yotpo};
use customer_sink::sandbox::Sandbox;
use customer_sink::{Connector, CustomerSink, Error, Limit};

/// The providers' names, in the order of the documentation.
pub const NAMES: [&str; 5] = ["triple_whale", "shopline", "shoplazza", "yotpo", "whale"];

/// A provider's variables: those that it needs, those that it may have.
struct Variables {
    provider: &'static str,
    required: [&'static str; 2],
    optional: &'static [&'static str],
}

const VARIABLES: [Variables; 5] = [
    Variables {
        provider: "triple_whale",
        required: ["TRIPLE_WHALE_API_KEY", "TRIPLE_WHALE_SHOP"],
        optional: &["TRIPLE_WHALE_PLATFORM", "TRIPLE_WHALE_PLATFORM_ACCOUNT_ID", "TRIPLE_WHALE_BASE_URL"],
    },
    Variables {
        provider: "shopline",
        required: ["SHOPLINE_HANDLE", "SHOPLINE_ACCESS_TOKEN"],
        optional: &["SHOPLINE_API_VERSION", "SHOPLINE_BASE_URL"],
    },
    Variables {
        provider: "shoplazza",
        required: ["SHOPLAZZA_SHOP", "SHOPLAZZA_ACCESS_TOKEN"],
        optional: &["SHOPLAZZA_API_VERSION", "SHOPLAZZA_BASE_URL"],
    },
    Variables { provider: "yotpo", required: ["YOTPO_STORE_ID", "YOTPO_SECRET"], optional: &["YOTPO_BASE_URL"] },
    Variables { provider: "whale", required: ["WHALE_STORE_ID", "WHALE_API_KEY"], optional: &["WHALE_BASE_URL"] },
];

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

impl Variables {
    fn any_set(&self) -> bool {
        self.required.iter().chain(self.optional).any(|name| variable(name).is_some())
    }

    fn missing(&self) -> Vec<&'static str> {
        self.required.iter().copied().filter(|name| variable(name).is_none()).collect()
    }
}

/// The account that a provider's records go to: no secret, and another for the sandbox than for any vendor.
pub fn account(provider: &str) -> String {
    let value = |name: &str, stand_in: &str| variable(name).unwrap_or_else(|| stand_in.to_owned());
    match provider {
        "triple_whale" => {
            let shop = value("TRIPLE_WHALE_SHOP", Sandbox::TRIPLE_WHALE_SHOP);
            let platform = value("TRIPLE_WHALE_PLATFORM", "");
            format!("{shop} {platform} {}", value("TRIPLE_WHALE_PLATFORM_ACCOUNT_ID", ""))
        }
        "shopline" => value("SHOPLINE_HANDLE", Sandbox::SHOPLINE_HANDLE),
        "shoplazza" => value("SHOPLAZZA_SHOP", Sandbox::SHOPLAZZA_SHOP),
        "yotpo" => value("YOTPO_STORE_ID", Sandbox::YOTPO_STORE_ID),
        "whale" => value("WHALE_STORE_ID", Sandbox::WHALE_STORE_ID),
        other => other.to_owned(),
    }
}

/// The names of `--to`; all five where it is absent.
pub fn chosen(to: &[String]) -> Result<Vec<&'static str>, String> {
    if to.is_empty() {
        return Ok(NAMES.to_vec());
    }
    let mut chosen = Vec::new();
    for name in to {
        match NAMES.iter().find(|known| *known == name) {
            Some(known) if !chosen.contains(known) => chosen.push(*known),
            Some(_) => {}
            None => return Err(format!("--to: {name} is none of {}", NAMES.join(", "))),
        }
    }
    Ok(chosen)
}

/// The documented limit of a provider.
fn documented(provider: &str) -> Limit {
    match provider {
        "triple_whale" => triple_whale::DEFAULT_LIMIT,
        "shopline" => shopline::DEFAULT_LIMIT,
        "shoplazza" => shoplazza::DEFAULT_LIMIT,
        "yotpo" => yotpo::DEFAULT_LIMIT,
        _ => whale::DEFAULT_LIMIT,
    }
}

/// Reads `NAME=PER_SECOND[/BURST]` and `NAME=off`.
pub fn rates(list: &[String]) -> Result<BTreeMap<&'static str, Limit>, String> {
    let mut rates = BTreeMap::new();
    for entry in list {
        let (name, rate) =
            entry.split_once('=').ok_or_else(|| format!("--rate: {entry} is not NAME=PER_SECOND[/BURST]"))?;
        let name = *NAMES.iter().find(|n| **n == name).ok_or_else(|| format!("--rate: {name} is no provider"))?;
        let limit = if rate == "off" {
            Some(Limit::Unlimited)
        } else {
            let (per_second, burst) = rate.split_once('/').map_or((rate, None), |(rate, burst)| (rate, Some(burst)));
            match (per_second.parse::<f64>(), burst.map(str::parse::<u32>).transpose()) {
                (Ok(per_second), Ok(burst)) => documented(name).with_rate(per_second, burst),
                _ => None,
            }
        };
        rates.insert(
            name,
            limit.ok_or_else(|| format!("--rate: {rate} is neither PER_SECOND[/BURST], above 0, nor off"))?,
        );
    }
    Ok(rates)
}

/// Where the sinks lead.
pub struct Opened {
    pub sinks: Vec<Arc<dyn CustomerSink>>,
    /// Kept running as long as the sinks are used; none where every provider is a real vendor.
    pub sandbox: Option<Sandbox>,
}

/// Opens the chosen providers for sending.
///
/// # Errors
///
/// A sentence for people: what is missing in the environment, or which option is wrong.
pub async fn open(names: &[&'static str], rates: &BTreeMap<&'static str, Limit>) -> Result<Opened, String> {
    let mut needs_sandbox = false;
    for variables in VARIABLES.iter().filter(|v| names.contains(&v.provider)) {
        let missing = variables.missing();
        if variables.any_set() && !missing.is_empty() {
            return Err(format!("{}: set {} too, or none of its variables", variables.provider, missing.join(" and ")));
        }
        needs_sandbox |= !missing.is_empty();
    }
    let sandbox =
        if needs_sandbox { Some(Sandbox::start().await.map_err(|e| format!("the sandbox: {e}"))?) } else { None };
    let connector = Connector::new().map_err(|error| error.to_string())?;
    let mut sinks = Vec::new();
    for name in names {
        let stand_in = sandbox.as_ref().filter(|_| !is_configured(name)).and_then(|sandbox| sandbox.url(name));
        // The sandbox sets no limit, so that none is kept towards it.
        let limit = rates.get(name).copied().or(stand_in.as_ref().map(|_| Limit::Unlimited));
        sinks.push(sink(name, &connector, stand_in, limit).map_err(|error| error.to_string())?);
    }
    Ok(Opened { sinks, sandbox })
}

/// Opens the chosen providers for planning: what is not set is a placeholder, and nothing is ever sent.
pub fn open_for_plans(names: &[&'static str]) -> Result<Vec<Arc<dyn CustomerSink>>, Error> {
    let connector = Connector::new()?;
    names.iter().map(|name| sink(name, &connector, None, None)).collect()
}

fn is_configured(provider: &str) -> bool {
    VARIABLES.iter().any(|v| v.provider == provider && v.missing().is_empty())
}

/// Sets what is there on a builder: `or(builder, variable, method)` for each pair.
macro_rules! set {
    ($builder:ident $(, $value:expr => $method:ident)+ $(,)?) => {
        $(if let Some(value) = $value {
            $builder = $builder.$method(value);
        })+
    };
}

fn sink(
    provider: &str,
    connector: &Connector,
    stand_in: Option<String>,
    limit: Option<Limit>,
) -> Result<Arc<dyn CustomerSink>, Error> {
    let value = |name: &str, placeholder: &str| variable(name).unwrap_or_else(|| placeholder.to_owned());
    let base = |name: &str| stand_in.clone().or_else(|| variable(name));
    Ok(match provider {
        "triple_whale" => {
            let shop = value("TRIPLE_WHALE_SHOP", Sandbox::TRIPLE_WHALE_SHOP);
            let key = value("TRIPLE_WHALE_API_KEY", Sandbox::TRIPLE_WHALE_API_KEY);
            let mut builder = triple_whale::TripleWhale::builder(shop, key).connector(connector);
            set!(builder,
                variable("TRIPLE_WHALE_PLATFORM") => platform,
                variable("TRIPLE_WHALE_PLATFORM_ACCOUNT_ID") => platform_account_id,
                base("TRIPLE_WHALE_BASE_URL") => base_url,
                limit => rate_limit,
            );
            Arc::new(builder.build()?)
        }
        "shopline" => {
            let handle = value("SHOPLINE_HANDLE", Sandbox::SHOPLINE_HANDLE);
            let token = value("SHOPLINE_ACCESS_TOKEN", Sandbox::SHOPLINE_ACCESS_TOKEN);
            let mut builder = shopline::Shopline::builder(handle, token).connector(connector);
            set!(builder,
                variable("SHOPLINE_API_VERSION") => api_version,
                base("SHOPLINE_BASE_URL") => base_url,
                limit => rate_limit,
            );
            Arc::new(builder.build()?)
        }
        "shoplazza" => {
            let shop = value("SHOPLAZZA_SHOP", Sandbox::SHOPLAZZA_SHOP);
            let token = value("SHOPLAZZA_ACCESS_TOKEN", Sandbox::SHOPLAZZA_ACCESS_TOKEN);
            let mut builder = shoplazza::Shoplazza::builder(shop, token).connector(connector);
            set!(builder,
                variable("SHOPLAZZA_API_VERSION") => api_version,
                base("SHOPLAZZA_BASE_URL") => base_url,
                limit => rate_limit,
            );
            Arc::new(builder.build()?)
        }
        "yotpo" => {
            let store = value("YOTPO_STORE_ID", Sandbox::YOTPO_STORE_ID);
            let secret = value("YOTPO_SECRET", Sandbox::YOTPO_SECRET);
            let mut builder = yotpo::Yotpo::builder(store, secret).connector(connector);
            set!(builder, base("YOTPO_BASE_URL") => base_url, limit => rate_limit);
            Arc::new(builder.build()?)
        }
        _ => {
            let store = value("WHALE_STORE_ID", Sandbox::WHALE_STORE_ID);
            let key = value("WHALE_API_KEY", Sandbox::WHALE_API_KEY);
            let mut builder = whale::Whale::builder(store, key).connector(connector);
            set!(builder, base("WHALE_BASE_URL") => base_url, limit => rate_limit);
            Arc::new(builder.build()?)
        }
    })
}

/// The variables that lead the other examples to a sandbox.
pub fn exports(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    let url = |provider| sandbox.url(provider).unwrap_or_default();
    vec![
        ("TRIPLE_WHALE_API_KEY", Sandbox::TRIPLE_WHALE_API_KEY.to_owned()),
        ("TRIPLE_WHALE_SHOP", Sandbox::TRIPLE_WHALE_SHOP.to_owned()),
        ("TRIPLE_WHALE_BASE_URL", format!("{}/api/v2/", url("triple_whale"))),
        ("SHOPLINE_HANDLE", Sandbox::SHOPLINE_HANDLE.to_owned()),
        ("SHOPLINE_ACCESS_TOKEN", Sandbox::SHOPLINE_ACCESS_TOKEN.to_owned()),
        ("SHOPLINE_BASE_URL", format!("{}/", url("shopline"))),
        ("SHOPLAZZA_SHOP", Sandbox::SHOPLAZZA_SHOP.to_owned()),
        ("SHOPLAZZA_ACCESS_TOKEN", Sandbox::SHOPLAZZA_ACCESS_TOKEN.to_owned()),
        ("SHOPLAZZA_BASE_URL", format!("{}/", url("shoplazza"))),
        ("YOTPO_STORE_ID", Sandbox::YOTPO_STORE_ID.to_owned()),
        ("YOTPO_SECRET", Sandbox::YOTPO_SECRET.to_owned()),
        ("YOTPO_BASE_URL", format!("{}/", url("yotpo"))),
        ("WHALE_STORE_ID", Sandbox::WHALE_STORE_ID.to_owned()),
        ("WHALE_API_KEY", Sandbox::WHALE_API_KEY.to_owned()),
        ("WHALE_BASE_URL", format!("{}/", url("whale"))),
    ]
}
