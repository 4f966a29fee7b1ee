// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Bins of the phases of a search: what may go wrong does so in each of them.
module search_cover (
  input logic clk_i,
  input logic rst_i,
  input logic start_i,
  input logic match_start_i,
  input logic match_active_i,
  input logic result_request_valid_i,
  input logic done_i,
  // what goes wrong
  input logic abort_i,
  input logic descriptor_error_i,
  input logic record_error_i,
  input logic write_error_i
);
  typedef enum logic [2:0] {IDLE, BEGUN, CLEARED, RUNNING, RESULTS, CLEANING} phase_e;

  phase_e phase_q;
  logic   abort_q, aborted;

  assign aborted = abort_i && !abort_q;

  always_ff @(posedge clk_i) begin
    abort_q <= abort_i;
    if (done_i) phase_q <= IDLE;
    else if (start_i) phase_q <= BEGUN;
    else if (match_start_i) phase_q <= phase_q == BEGUN ? CLEARED : CLEANING;
    else if (match_active_i) phase_q <= RUNNING;
    else if (result_request_valid_i) phase_q <= RESULTS;
    if (rst_i) phase_q <= IDLE;
  end

  AbortWhileClearing:  cover property (@(posedge clk_i) disable iff (rst_i) aborted && (phase_q == BEGUN || phase_q == CLEARED));
  AbortWhileRunning:   cover property (@(posedge clk_i) disable iff (rst_i) aborted && phase_q == RUNNING);
  AbortInResults:      cover property (@(posedge clk_i) disable iff (rst_i) aborted && phase_q == RESULTS);
  AbortWhileCleaning:  cover property (@(posedge clk_i) disable iff (rst_i) aborted && phase_q == CLEANING);
  DescriptorError:     cover property (@(posedge clk_i) disable iff (rst_i) descriptor_error_i && phase_q == RUNNING);
  RecordError:         cover property (@(posedge clk_i) disable iff (rst_i) record_error_i && phase_q == RUNNING);
  RecordErrorAborted:  cover property (@(posedge clk_i) disable iff (rst_i) record_error_i && abort_i);
  WriteError:          cover property (@(posedge clk_i) disable iff (rst_i) write_error_i && phase_q == RESULTS);
  WriteErrorAborted:   cover property (@(posedge clk_i) disable iff (rst_i) write_error_i && phase_q == RESULTS && abort_i);
  EndsClean:           cover property (@(posedge clk_i) disable iff (rst_i) done_i && phase_q == RESULTS);
  EndsCleaned:         cover property (@(posedge clk_i) disable iff (rst_i) done_i && phase_q == CLEANING);
  RefusedAtOnce:       cover property (@(posedge clk_i) disable iff (rst_i) done_i && phase_q == BEGUN);
endmodule
