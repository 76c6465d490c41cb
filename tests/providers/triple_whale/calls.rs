//! Triple Whale: every native call by its exchanges.

use super::*;

#[tokio::test]
async fn exchanges() {
    support::calls::play_calls("triple_whale", async |url: &str, connector: &Connector, exchange: &Value| {
        let client = from_options(url, connector, &exchange["options"]);
        let result = native(client, &exchange["call"], &exchange["arguments"]).await;
        result.unwrap_or_else(|error| support::failed(&error))
    })
    .await;
}

async fn native(client: TripleWhale, call: &Value, arguments: &Value) -> Result<Value, Error> {
    let text = |name: &str| arguments[name].as_str().unwrap().to_owned();
    let texts = |name: &str| {
        let list = arguments[name].as_array().into_iter().flatten();
        list.map(|item| item.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    match call.as_str().unwrap() {
        "check_key" => client.check_key().await.map(|_| json!({})),
        "request_erasure" => {
            let mut emails = texts("emails").into_iter();
            let mut phones = texts("phones").into_iter();
            let first = emails.next().map(ErasureInput::by_email);
            let first = first.unwrap_or_else(|| ErasureInput::by_phone(phones.next().unwrap()));
            let request = phones.fold(emails.fold(first, ErasureInput::and_email), ErasureInput::and_phone);
            let taken = client.request_erasure(&request).await?;
            Ok(json!({"attempts": taken.attempts, "request_id": taken.request_id}))
        }
        "run_sql" => {
            let (start, end) = (text("start").parse().unwrap(), text("end").parse().unwrap());
            let query = SqlQuery::new(text("query"), start, end).currency(text("currency"));
            let answer = client.run_sql(&query).await?;
            let rows: Vec<_> = answer.value.rows.iter().map(|row| row.as_str()).collect();
            Ok(json!({"message": answer.value.message, "rows": rows, "attempts": answer.attempts}))
        }
        "stored_customers" => {
            let how = ReadBack::new().columns(texts("columns"));
            let held = client.list_customers(&text("customer_id"), &how).await?;
            let customers: Vec<_> = held.value.items.iter().map(Customer::from).collect();
            Ok(json!({ "customers": customers }))
        }
        other => panic!("no call {other}"),
    }
}
