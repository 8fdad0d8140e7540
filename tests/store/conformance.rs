//! What each store must do, whatever it is made of. A store's own file names how it is opened:
//! `conformance!(open)` makes one test of each function here.

mod artifacts;
mod batches;
mod budget;
mod clients;
mod clock;
mod eta_history;
mod expiry;
mod log;
mod queue;
mod receipts;
mod rerun;
mod runs;
mod sealed;
mod totals;

pub(crate) use artifacts::*;
pub(crate) use batches::*;
pub(crate) use budget::*;
pub(crate) use clients::*;
pub(crate) use clock::*;
pub(crate) use eta_history::*;
pub(crate) use expiry::*;
pub(crate) use log::*;
pub(crate) use queue::*;
pub(crate) use receipts::*;
pub(crate) use rerun::*;
pub(crate) use runs::*;
pub(crate) use sealed::*;
pub(crate) use totals::*;

/// One test a function, over the store that `$open` makes.
macro_rules! conformance {
    ($open:path) => {
        crate::conformance::conformance!($open;
            a_budget_is_granted_up_to_its_limit_and_not_beyond, those_who_spend_at_once_never_overshoot_a_budget,
            a_new_owner_at_the_same_address_has_no_new_budget, what_was_not_used_is_given_back_to_its_day,
            a_batch_is_read_in_its_order, an_unknown_batch_is_empty,
            batches_are_listed_by_owner_newest_first_with_their_counts,
            a_title_is_found_however_it_is_written,
            one_task_that_cannot_be_queued_keeps_out_the_whole_batch,
            a_batch_that_is_too_long_for_the_queue_is_not_begun,
            every_end_says_until_when_the_task_is_kept, what_is_kept_for_ever_is_never_removed,
            an_expired_task_leaves_a_tombstone_that_is_forgotten_in_time,
            no_more_is_removed_at_once_than_asked_for, several_processes_clean_without_meeting,
            a_task_is_kept_longer_and_never_shorter, a_key_that_led_to_an_expired_task_starts_another,
            a_task_comes_back_as_it_was_queued, an_unknown_task_is_absent,
            the_same_key_leads_to_the_same_task, a_start_is_found_again_by_its_key, a_key_is_not_reused_for_another_start,
            keys_of_two_owners_do_not_meet, the_same_work_is_not_under_way_twice,
            the_same_work_can_follow_an_ended_one, a_dying_task_is_not_in_the_way_of_the_next,
            a_key_that_led_to_work_under_way_leads_there_for_ever, a_secret_is_made_once, a_full_queue_takes_no_more,
            the_oldest_task_is_claimed_first, an_owner_with_a_long_queue_does_not_starve_another,
            a_priority_orders_its_owners_tasks_and_nobody_elses,
            the_queue_is_told_in_the_order_in_which_it_is_claimed, no_more_is_claimed_than_there_are_places,
            a_claim_is_the_next_attempt_with_a_fence, two_workers_never_get_one_task,
            a_heartbeat_tells_what_is_still_held, a_lease_without_a_worker_is_left_to_expire, a_live_lease_is_not_taken,
            an_expired_lease_queues_the_task_again, a_task_without_attempts_left_fails_with_the_reason,
            a_lost_task_that_was_to_be_cancelled_is_cancelled,
            a_run_that_gave_its_task_back_can_write_nothing,
            a_cancel_that_races_the_end_is_accepted_or_too_late, a_cancel_that_races_a_rescue_ends_the_task,
            a_claim_that_races_a_heartbeat_is_held,
            a_lease_is_taken_by_the_time_that_was_looked_at,
            a_clock_that_is_set_back_makes_no_lease_longer, a_clock_that_is_set_back_lets_nothing_wait,
            nothing_is_redated_that_is_not_later_than_now,
            a_lost_run_can_write_nothing, an_older_report_does_not_overwrite_a_newer,
            progress_survives_a_release_and_not_a_retry, checkpoints_are_kept_until_the_end,
            no_end_leaves_a_checkpoint, no_end_leaves_a_sealed_secret,
            log_lines_are_kept_once_and_in_order, when_a_run_last_said_something_is_known_to_all, lines_that_are_left_out_are_gone,
            ten_thousand_lines_are_one_write, a_finished_task_has_its_result,
            a_failed_task_has_its_error, a_retry_waits_for_its_time,
            a_release_gives_the_attempt_back, a_rerun_takes_along_what_is_marked_for_it, a_queued_task_is_cancelled_at_once,
            a_running_task_is_asked_to_stop, two_cancels_are_one, a_cancel_beats_a_retry,
            a_cancel_before_the_first_run_says_that_it_never_started, a_cancel_between_two_runs_is_told_as_such,
            the_end_says_how_a_cancel_ended, an_end_that_nobody_asked_for_has_no_receipt,
            a_cancel_of_a_lost_run_says_that_its_worker_was_lost, the_steps_of_a_cancel_are_kept_as_they_were_told_first,
            a_lost_run_does_not_touch_the_receipt, a_first_run_has_resumed_nothing,
            a_run_after_a_lost_one_says_what_it_took_up, a_run_after_a_release_or_a_failure_says_so,
            what_an_earlier_run_had_kept_is_not_done_again,
            what_is_over_cannot_be_cancelled, versions_only_grow, lists_are_the_owners_newest_first,
            lists_are_filtered_and_paged, the_newest_of_a_key_is_found, counts_are_right,
            the_bytes_of_a_task_are_counted_and_go_with_it, bytes_are_summed_by_account_by_client_and_in_all, a_clients_queue_and_that_of_all_take_no_more,
            anonymous_clients_have_limits_turns_and_keys_of_their_own, anonymous_files_are_counted_by_client,
            the_pace_of_a_run_is_known_to_all_and_ends_with_it, the_newest_times_of_a_stage_are_kept,
            a_file_is_seen_once_it_is_whole, a_lost_run_keeps_no_file, a_name_is_used_once_in_a_run_and_replaced_by_the_next, files_have_limits, a_silent_writer_is_lost, what_is_doomed_is_told_to_one_and_again_until_it_is_gone, several_processes_mark_files_deleted_without_meeting, the_files_of_a_removed_task_are_doomed_with_it, an_upload_is_its_owners_and_expires, an_upload_of_nobodys_is_for_whoever_has_its_id, an_upload_is_kept_while_a_task_uses_it, a_start_with_an_upload_keeps_it_as_long_as_at_first);
    };
    ($open:path; $($name:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            crate::conformance::$name(&$open().await).await;
        })*
    };
}
pub(crate) use conformance;
