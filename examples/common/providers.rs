//! Opens the providers as the environment says: a vendor where its variables are set, the built-in sandbox otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use customer_sink::client::Limit;
use customer_sink::providers::registry::{self, Configuration, Entry, OpenOptions, RegistryError, VariableRole};
use customer_sink::sandbox::Sandbox;
use customer_sink::{Connector, CustomerSink};

/// The providers' names, in the order of the documentation.
pub fn names() -> Vec<&'static str> {
    registry::entries().iter().map(|entry| entry.provider().as_str()).collect()
}

/// The provider of this name.
pub fn name(name: &str) -> Option<&'static str> {
    registry::find(name).ok().map(|entry| entry.provider().as_str())
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The environment, with the credentials of a provider's stand-in in place of what is not set.
fn environment_or_stand_in(provider: &str, name: &str) -> Option<String> {
    let credential = || Sandbox::credentials(provider).iter().find(|(key, _)| *key == name);
    environment(name).or_else(|| credential().map(|(_, value)| (*value).to_owned()))
}

/// The account that a provider's records go to: no secret, and another for the sandbox than for any vendor.
pub fn account(provider: &str) -> String {
    let Ok(entry) = registry::find(provider) else { return provider.to_owned() };
    let parts = entry.variables().iter().filter(|variable| variable.role == VariableRole::Account);
    let parts = parts.map(|variable| environment_or_stand_in(provider, variable.name).unwrap_or_default());
    parts.collect::<Vec<_>>().join(" ")
}

/// The names of `--to`; all providers where it is absent.
pub fn chosen(to: &[String]) -> Result<Vec<&'static str>, String> {
    if to.is_empty() {
        return Ok(names());
    }
    let mut chosen = Vec::new();
    for name in to {
        let known = registry::find(name).map_err(|error| format!("--to: {error}"))?.provider().as_str();
        if !chosen.contains(&known) {
            chosen.push(known);
        }
    }
    Ok(chosen)
}

/// Reads `NAME=PER_SECOND[/BURST]` and `NAME=off`.
pub fn rates(list: &[String]) -> Result<BTreeMap<&'static str, Limit>, String> {
    let mut rates = BTreeMap::new();
    for item in list {
        let (name, rate) =
            item.split_once('=').ok_or_else(|| format!("--rate: {item} is not NAME=PER_SECOND[/BURST]"))?;
        let entry = registry::find(name).map_err(|_| format!("--rate: {name} is no provider"))?;
        let limit = if rate == "off" {
            Some(Limit::Unlimited)
        } else {
            let (per_second, burst) = rate.split_once('/').map_or((rate, None), |(rate, burst)| (rate, Some(burst)));
            match (per_second.parse::<f64>(), burst.map(str::parse::<u32>).transpose()) {
                (Ok(per_second), Ok(burst)) => entry.quota().with_rate(per_second, burst),
                _ => None,
            }
        };
        let limit = limit.ok_or_else(|| format!("--rate: {rate} is neither PER_SECOND[/BURST], above 0, nor off"))?;
        rates.insert(entry.provider().as_str(), limit);
    }
    Ok(rates)
}

/// The sinks, and the sandbox behind those whose variables are not set.
pub struct Opened {
    pub sinks: Vec<Arc<dyn CustomerSink>>,
    /// Runs as long as the sinks are used; none where every provider is a real vendor.
    pub sandbox: Option<Sandbox>,
}

/// Opens the chosen providers for sending.
///
/// # Errors
///
/// A sentence for people: what is missing in the environment, or which option is wrong.
pub async fn open(names: &[&'static str], rates: &BTreeMap<&'static str, Limit>) -> Result<Opened, String> {
    let mut entries: Vec<(&Entry, bool)> = Vec::new();
    for name in names {
        let entry = registry::find(name).map_err(|error| error.to_string())?;
        match entry.configuration(&environment) {
            Configuration::Complete => entries.push((entry, true)),
            Configuration::Absent => entries.push((entry, false)),
            Configuration::Partial { missing } => {
                return Err(format!("{name}: set {} too, or none of its variables", missing.join(" and ")));
            }
        }
    }
    let sandbox = match entries.iter().all(|(_, is_configured)| *is_configured) {
        true => None,
        false => Some(Sandbox::start().await.map_err(|error| format!("the sandbox: {error}"))?),
    };
    let connector = Connector::new().map_err(|error| error.to_string())?;
    let mut sinks = Vec::new();
    for (entry, is_configured) in entries {
        let name = entry.provider().as_str();
        let stand_in = sandbox.as_ref().filter(|_| !is_configured).map(|sandbox| sandbox.variables(name));
        let mut options = OpenOptions::default().connector(&connector);
        // The sandbox has no limit, so that none is applied to it.
        if let Some(limit) = rates.get(name).copied().or(stand_in.as_ref().map(|_| Limit::Unlimited)) {
            options = options.rate_limit(limit);
        }
        let variables = |name: &str| match &stand_in {
            Some(variables) => variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()),
            None => environment(name),
        };
        sinks.push(entry.open(&variables, &options).map_err(|error| error.to_string())?);
    }
    Ok(Opened { sinks, sandbox })
}

/// Opens the chosen providers for planning, with placeholders for what is not set: nothing is ever sent.
pub fn open_for_plans(names: &[&'static str]) -> Result<Vec<Arc<dyn CustomerSink>>, RegistryError> {
    let options = OpenOptions::default().connector(&Connector::new()?);
    let open = |name: &&str| registry::find(name)?.open(&|variable| environment_or_stand_in(name, variable), &options);
    names.iter().map(open).collect()
}

/// The variables that lead the other examples to a sandbox.
pub fn exports(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    names().into_iter().flat_map(|name| sandbox.variables(name)).collect()
}
