//! `start`: a cold start on a long log, and the memory of the program.

use std::time::Duration;

use sqlx::Executor as _;

use super::{
    Plan, beleg, boden,
    commands::kopf_position,
    haus::Haus,
    last,
    tabelle::{kopf, median, zeile},
};

pub async fn run(plan: &Plan) {
    let mut haus = Haus::open().await;
    haus.serve();
    let mandant = haus.company(beleg::FIRMA).await;
    last::voll(haus.address(), 64, plan.dauer, &beleg::einzeln()).await;
    haus.settled().await;
    haus.stop_serving();
    let events = fuellen(&haus, mandant, plan.ereignisse).await;

    kopf(&format!("start on {events} events"));
    let mut starts = Vec::new();
    for _ in 0..plan.runden {
        starts.push(haus.serve().as_secs_f64() * 1000.0);
        last::post_einmal(&haus).await;
        haus.stop_serving();
    }
    zeile("until it listens", format!("{:.0} ms", median(starts)), "");
    haus.serve();
    last::post_einmal(&haus).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    zeile(
        "memory, idle",
        format!("{} MB", haus.memory_kb().0 / 1024),
        "after one command and three seconds",
    );
    let full = last::voll(haus.address(), 256, plan.dauer * 3, &beleg::einzeln()).await;
    zeile(
        "memory, full load",
        format!("{} MB", haus.memory_kb().1 / 1024),
        format!("256 connections, {:.0} commands/s", full.rate),
    );
    haus.close().await;
}

/// Writes the company's batches again for further companies, until the log is as long as asked; gives its length.
async fn fuellen(haus: &Haus, mandant: uuid::Uuid, ereignisse: i64) -> i64 {
    let own = kopf_position(haus, mandant).await;
    let mut sql = haus.sql().await;
    loop {
        let events: i64 = sqlx::query_scalar("SELECT sum(position)::bigint FROM log.kopf")
            .fetch_one(&mut sql)
            .await
            .unwrap();
        if events >= ereignisse {
            // The ledgers and policies of the copies have nothing to do: the start is measured, not their work.
            sql.execute(
                "INSERT INTO projektion.stand (projektion, mandant_id, position) SELECT s.projektion, k.mandant_id, k.position \
                    FROM (SELECT DISTINCT projektion FROM projektion.stand) s CROSS JOIN log.kopf k ON CONFLICT DO NOTHING; \
                 INSERT INTO log.politik_stand SELECT k.mandant_id, s.politik, k.position, k.mandant_id, now() \
                    FROM (SELECT DISTINCT politik FROM log.politik_stand) s CROSS JOIN log.kopf k ON CONFLICT DO NOTHING; \
                 ANALYZE",
            )
            .await
            .unwrap();
            return events;
        }
        boden::messen(haus, mandant, 0, own, 1).await;
    }
}
