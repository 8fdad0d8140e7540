//! Daily budgets: what is granted, to whom, and until when.

use std::sync::Arc;

use crate::engine::store::{NewTask, Row, Scope, Spend, Spent};

use super::super::fixture::{Fixture, task};

const DAY_MS: i64 = 86_400_000;

fn spend(task: &Row, least: i64, most: i64, limit: i64, limit_per_owner: i64) -> Spend {
    Spend { name: "tokens".to_owned(), task: task.id, least, most, limit, limit_per_owner }
}

async fn of(f: &Fixture, owner: Option<&str>, client: Option<&str>) -> Row {
    let own = |text: &str| text.to_owned();
    f.queue(&NewTask { owner: owner.map(own), client: client.map(own), ..task() }).await
}

async fn granted(f: &Fixture, spend: &Spend) -> Option<i64> {
    match f.store.spend(spend).await.unwrap() {
        Spent::Granted { amount, .. } => Some(amount),
        Spent::UsedUp { .. } => None,
    }
}

async fn spent(f: &Fixture, owner: Option<&str>, client: Option<&str>) -> Vec<i64> {
    let (spending, _) = f.store.spending("tokens", owner, client).await.unwrap();
    spending.into_iter().map(|one| one.spent).collect()
}

pub async fn a_budget_is_granted_up_to_its_limit_and_not_beyond(f: &Fixture) {
    let task = of(f, Some("ada"), None).await;
    assert_eq!(granted(f, &spend(&task, 10, 60, 100, 0)).await, Some(60));
    assert_eq!(granted(f, &spend(&task, 10, 60, 100, 0)).await, Some(40));
    let over = f.store.spend(&spend(&task, 10, 60, 100, 0)).await.unwrap();
    assert!(matches!(over, Spent::UsedUp { scope: Scope::All, .. }), "{over:?}");
    assert_eq!(spent(f, Some("ada"), None).await, [100, 100], "what is refused counts nothing");
    assert_eq!(granted(f, &spend(&task, 10, 60, 0, 0)).await, Some(60), "0 is no limit");
}

pub async fn those_who_spend_at_once_never_overshoot_a_budget(f: &Fixture) {
    let task = of(f, Some("ada"), Some("here")).await;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (store, spend) = (Arc::clone(&f.store), spend(&task, 1, 10, 95, 0));
        all.spawn(async move { store.spend(&spend).await.unwrap() });
    }
    let granted = |spent| match spent {
        Spent::Granted { amount, .. } => amount,
        Spent::UsedUp { .. } => 0,
    };
    let sum: i64 = all.join_all().await.into_iter().map(granted).sum();
    assert_eq!(sum, 95);
    assert_eq!(spent(f, Some("ada"), Some("here")).await, [95, 95, 95]);
}

pub async fn a_new_owner_at_the_same_address_has_no_new_budget(f: &Fixture) {
    for n in 0..4 {
        let task = of(f, Some(&format!("owner {n}")), Some("here")).await;
        let got = granted(f, &spend(&task, 10, 30, 0, 100)).await;
        assert_eq!(got, Some([30, 30, 30, 10][n]));
    }
    for owner in [Some("new"), None] {
        let task = of(f, owner, Some("here")).await;
        let over = f.store.spend(&spend(&task, 1, 1, 0, 100)).await.unwrap();
        assert!(matches!(over, Spent::UsedUp { scope: Scope::Client, .. }), "{over:?}");
    }
    let elsewhere = of(f, Some("new"), Some("there")).await;
    assert_eq!(granted(f, &spend(&elsewhere, 1, 30, 0, 100)).await, Some(30));
    let moving = of(f, Some("new"), Some("third")).await;
    assert_eq!(granted(f, &spend(&moving, 1, 100, 0, 100)).await, Some(70), "its owner has moved");
}

pub async fn what_was_not_used_is_given_back_to_its_day(f: &Fixture) {
    let task = of(f, Some("ada"), Some("here")).await;
    let Spent::Granted { day, .. } = f.store.spend(&spend(&task, 1, 100, 100, 0)).await.unwrap()
    else {
        panic!("nothing was granted");
    };
    let correct = async |by| f.store.correct_spending(task.id, "tokens", day, by).await.unwrap();
    correct(-70).await;
    assert_eq!(spent(f, Some("ada"), Some("here")).await, [30, 30, 30]);
    correct(90).await;
    assert_eq!(granted(f, &spend(&task, 1, 100, 100, 0)).await, None, "more than was reserved");
    f.advance(DAY_MS).await;
    assert_eq!(spent(f, Some("ada"), Some("here")).await, [0, 0, 0], "a new day");
    assert_eq!(granted(f, &spend(&task, 1, 100, 100, 0)).await, Some(100));
    correct(-1_000).await;
    assert_eq!(spent(f, Some("ada"), None).await, [100, 100], "yesterday's is yesterday's");
    correct(i64::MAX).await;
    correct(i64::MAX).await;
}
