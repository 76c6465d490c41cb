//! What a stand-in holds, for comparing.

use customer_sink::sandbox::Sandbox;
use serde_json::Value;

/// What the vendor holds, without what every write makes anew.
pub fn held(sandbox: &Sandbox, provider: &str) -> Value {
    fn plain(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.retain(|key, _| {
                    !matches!(key.as_str(), "id" | "customer_id" | "timestamp") && !key.ends_with("_at")
                });
                map.values_mut().for_each(plain);
            }
            Value::Array(list) => {
                list.iter_mut().for_each(plain);
                list.sort_by_key(Value::to_string);
            }
            _ => {}
        }
    }
    let mut all = Value::Array(sandbox.customers(provider));
    plain(&mut all);
    all
}
