//! What each store must do, as tests over a store of your choice: your version of PostgreSQL, its settings, or a
//! pooler before it.
//!
//! ```no_run
//! use milepost::testing::conformance::Fixture;
//!
//! /// An empty database for each test.
//! async fn open() -> Fixture {
//! #   let url = String::new();
//!     Fixture::postgres(&url, Default::default()).await.unwrap()
//! }
//!
//! milepost::testing::conformance!(open);
//! # fn main() {}
//! ```
//!
//! [`Store`](crate::engine::store::Store) is sealed: the stores are those of this crate.

mod fixture;
#[doc(hidden)]
pub mod suite;

pub use fixture::{Fixture, KEEP, LEASE, START, result, task};

/// Makes one `#[tokio::test]` of each function of the suite. Each gets a [`Fixture`] of its own from `$open`, an
/// `async fn() -> Fixture`. With names after a semicolon: these functions only.
///
/// The crate of the tests depends on `tokio` with `macros` and `rt`.
#[macro_export]
macro_rules! conformance {
    ($open:path) => {
        $crate::testing::conformance!($open;
            a_paused_kind_is_taken_by_nobody_until_it_is_resumed,
            a_paused_worker_takes_nothing_and_others_go_on, workers_report_and_are_forgotten,
            counts_of_hours_add_up_and_are_forgotten,
            tasks_of_all_owners_are_found_by_what_is_asked_for,
            a_users_name_is_matched_whole_and_a_sessions_id_by_its_beginning,
            tags_and_a_note_stay_with_their_task, lists_are_filtered_by_a_tag,
            a_task_starts_at_its_time_and_not_before, a_task_that_waits_for_its_time_can_start_now,
            a_group_ends_then_queues_then_claims,
            a_group_that_fails_for_one_of_its_calls_changes_nothing,
            a_global_concurrency_holds_over_all_workers,
            workers_that_claim_at_once_never_exceed_a_shared_limit,
            the_slot_of_a_dead_worker_is_free_when_its_lease_ends,
            a_rate_holds_over_workers_and_is_known_to_all, no_window_of_a_rate_has_too_many_runs,
            a_rate_per_owner_delays_nobody_else, owners_without_a_rate_left_hide_nobody,
            a_clock_that_is_set_back_makes_no_rate_longer, a_batch_is_counted_and_read_page_by_page,
            what_waits_of_a_batch_is_cancelled_at_once,
            a_budget_is_granted_up_to_its_limit_and_not_beyond,
            those_who_spend_at_once_never_overshoot_a_budget,
            a_new_owner_at_the_same_address_has_no_new_budget,
            what_was_not_used_is_given_back_to_its_day, starts_that_come_together_are_each_as_if_alone,
            runs_that_end_together_are_each_as_if_alone,
            a_search_examines_a_limited_number_of_tasks_and_goes_on_behind_them,
            the_order_is_fair_among_many_accounts_with_long_and_short_queues,
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
            the_same_key_leads_to_the_same_task, a_start_is_found_again_by_its_key,
            a_key_is_not_reused_for_another_start, keys_of_two_owners_do_not_meet,
            the_same_work_is_not_under_way_twice, the_same_work_can_follow_an_ended_one,
            a_dying_task_is_not_in_the_way_of_the_next,
            a_key_that_led_to_work_under_way_leads_there_for_ever, a_secret_is_made_once,
            a_full_queue_takes_no_more, the_oldest_task_is_claimed_first,
            an_owner_with_a_long_queue_does_not_starve_another,
            a_priority_orders_its_owners_tasks_and_nobody_elses,
            the_queue_is_told_in_the_order_in_which_it_is_claimed,
            no_more_is_claimed_than_there_are_places, a_claim_is_the_next_attempt_with_a_fence,
            two_workers_never_get_one_task, a_heartbeat_tells_what_is_still_held,
            a_lease_without_a_worker_is_left_to_expire, a_live_lease_is_not_taken,
            an_expired_lease_queues_the_task_again, a_task_without_attempts_left_fails_with_the_reason,
            a_lost_task_that_was_to_be_cancelled_is_cancelled,
            a_run_that_gave_its_task_back_can_write_nothing,
            a_cancel_that_races_the_end_is_accepted_or_too_late,
            a_cancel_that_races_a_rescue_ends_the_task, a_claim_that_races_a_heartbeat_is_held,
            a_lease_is_taken_by_the_time_that_was_looked_at,
            a_clock_that_is_set_back_makes_no_lease_longer, a_clock_that_is_set_back_lets_nothing_wait,
            nothing_is_redated_that_is_not_later_than_now, a_lost_run_can_write_nothing,
            an_older_report_does_not_overwrite_a_newer, progress_survives_a_release_and_not_a_retry,
            checkpoints_are_kept_until_the_end, no_end_leaves_a_checkpoint,
            no_end_leaves_a_sealed_secret, log_lines_are_kept_once_and_in_order,
            when_a_run_last_said_something_is_known_to_all, lines_that_are_left_out_are_gone,
            ten_thousand_lines_are_one_write, a_preview_grows_piece_by_piece,
            a_piece_replaces_those_behind_its_beginning, a_preview_is_there_for_the_next_run,
            no_end_leaves_a_preview, a_lost_run_writes_no_preview, a_finished_task_has_its_result,
            a_failed_task_has_its_error, a_retry_waits_for_its_time, a_release_gives_the_attempt_back,
            a_rerun_takes_along_what_is_marked_for_it, a_queued_task_is_cancelled_at_once,
            a_running_task_is_asked_to_stop, two_cancels_are_one, a_cancel_beats_a_retry,
            a_cancel_before_the_first_run_says_that_it_never_started,
            a_cancel_between_two_runs_is_told_as_such, the_end_says_how_a_cancel_ended,
            an_end_that_nobody_asked_for_has_no_receipt,
            a_cancel_of_a_lost_run_says_that_its_worker_was_lost,
            the_steps_of_a_cancel_are_kept_as_they_were_told_first,
            a_lost_run_does_not_touch_the_receipt, a_first_run_has_resumed_nothing,
            a_run_after_a_lost_one_says_what_it_took_up, a_run_after_a_release_or_a_failure_says_so,
            what_an_earlier_run_had_kept_is_not_done_again, what_is_over_cannot_be_cancelled,
            versions_only_grow, lists_are_the_owners_newest_first, lists_are_filtered_and_paged,
            the_newest_of_a_key_is_found, counts_are_right,
            the_bytes_of_a_task_are_counted_and_go_with_it,
            bytes_are_summed_by_account_by_client_and_in_all,
            a_clients_queue_and_that_of_all_take_no_more, scheduled_tasks_have_limits_of_their_own,
            a_retry_that_waits_counts_as_queued,
            anonymous_clients_have_limits_turns_and_keys_of_their_own,
            anonymous_files_are_counted_by_client, the_pace_of_a_run_is_known_to_all_and_ends_with_it,
            the_newest_times_of_a_stage_are_kept, a_file_is_seen_once_it_is_whole,
            a_lost_run_keeps_no_file, a_name_is_used_once_in_a_run_and_replaced_by_the_next,
            files_have_limits, a_silent_writer_is_lost,
            what_is_doomed_is_told_to_one_and_again_until_it_is_gone,
            several_processes_mark_files_deleted_without_meeting,
            the_files_of_a_removed_task_are_doomed_with_it, an_upload_is_its_owners_and_expires,
            uploads_are_deleted_with_the_last_task_that_uses_them,
            an_expired_task_leaves_an_upload_to_its_own_retention,
            the_uploads_of_an_owner_are_read_page_by_page,
            an_upload_of_nobodys_is_for_whoever_has_its_id, an_upload_is_kept_while_a_task_uses_it,
            a_start_with_an_upload_keeps_it_as_long_as_at_first,
            what_is_deleted_is_gone_with_all_its_data, a_run_whose_task_is_deleted_is_lost,
            the_tokens_of_an_owner_are_removed_but_one,
            the_uploads_of_an_owner_that_no_task_uses_are_deleted,
            the_titles_of_an_owners_expired_tasks_are_cleared,
            a_token_is_found_by_its_hash_until_it_expires,
            the_use_of_a_token_is_noted_once_in_a_minute,
            an_owner_has_so_many_tokens_and_removes_only_its_own,
            a_share_link_is_found_by_its_hash_until_it_expires,
            a_task_has_so_many_share_links_and_each_is_revoked_by_itself,
            a_share_link_goes_with_what_it_leads_to, a_share_link_goes_with_a_batch_that_expires,
            a_user_is_added_once_and_listed_by_name,
            a_session_of_a_user_is_found_by_its_hash_until_it_is_idle_too_long,
            a_session_that_is_used_ends_when_its_longest_lifetime_is_over,
            sessions_are_ended_one_by_one_or_all_others,
            a_new_password_ends_the_sessions_and_begins_none_for_the_old_one,
            a_disabled_user_has_no_session_and_no_valid_token,
            expired_sessions_are_removed,
            a_user_of_a_provider_is_added_when_they_sign_in_first,
            a_name_stays_with_who_had_it_first, a_disabled_user_of_a_provider_does_not_sign_in,
            a_user_of_a_provider_has_no_password,
            what_a_browser_owns_becomes_its_users,
            work_that_the_user_has_under_way_already_does_not_prevent_a_take_over,
            who_may_not_sign_in_takes_nothing_over,
            a_row_of_the_audit_log_comes_back_as_it_was_written,
            a_start_writes_its_row_and_one_that_is_not_queued_none,
            starts_that_come_together_write_their_rows_together,
            what_changes_a_task_writes_its_row_and_what_does_not_none,
            what_changes_users_tokens_and_pauses_writes_its_row,
            the_audit_log_is_filtered_and_paged,
            old_rows_of_the_audit_log_are_removed_some_at_a_time,
            a_task_keeps_the_trace_of_its_start,
            a_rerun_has_the_trace_of_its_own_start,
            a_run_that_is_followed_by_another_leaves_its_span_to_it
        );
    };
    ($open:path; $($name:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            $crate::testing::conformance::suite::$name(&$open().await).await;
        })*
    };
}
