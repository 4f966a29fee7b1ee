// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Order of pass B: the occupied lanes of each finished record, one per cycle, as references for the consistency test.
///
/// Records follow without a gap; a record without occupied lanes costs one cycle. The bank of a record is free for
/// pass A from the cycle after `released_o`: what is admitted then takes longer to reach the banks than the last
/// reference takes to read them.
module pass_b import whorl_gen_pkg::*, match_pkg::*; (
  input  logic             clk_i,
  input  logic             rst_i,
  // lanes won for the first time
  input  logic             listed_valid_i,
  input  bank_t            listed_bank_i,
  input  lane_t            listed_place_i,
  input  lane_t            listed_lane_i,
  // finished records in; never more than BANKS
  input  logic             finished_valid_i,
  input  finished_record_t finished_i,
  // references out
  output logic             reference_valid_o,
  output logic             reference_empty_o, // the record has no occupied lane
  output logic             reference_last_o,
  output bank_t            reference_bank_o,
  output lane_t            reference_lane_o,
  // the record's bank is left
  output logic             released_o
);
  lane_t            lanes_q [BANKS << LANE_WIDTH]; // bank and place to lane
  logic             waiting, done, finished_ready;
  finished_record_t record;
  lane_t            place_q;
  logic [2:0]       waiting_count;

  fifo #(.Width($bits(finished_record_t)), .Depth(4)) i_finished (
    .clk_i,
    .rst_i,
    .data_valid_i(finished_valid_i),
    .data_ready_o(finished_ready),
    .data_i      (finished_i),
    .data_valid_o(waiting),
    .data_ready_i(done),
    .data_o      (record),
    .count_o     (waiting_count)
  );

  assign reference_valid_o = waiting;
  assign reference_empty_o = record.occupied == '0;
  assign reference_last_o  = reference_empty_o || place_q == record.occupied - 1'b1;
  assign reference_bank_o  = record.bank;
  assign reference_lane_o  = lanes_q[{record.bank, place_q}];
  assign done              = waiting && reference_last_o;
  assign released_o        = done;

  always_ff @(posedge clk_i) begin
    if (listed_valid_i) lanes_q[{listed_bank_i, listed_place_i}] <= listed_lane_i;
    if (waiting) place_q <= done ? '0 : place_q + 1'b1;
    if (rst_i) place_q <= '0;
  end

  `ASSERT(FinishedHaveBanks, waiting_count <= 3'(BANKS))
  `ASSERT(FinishedHaveRoom, finished_valid_i |-> finished_ready)
  `ASSERT(PlaceWithinRecord, waiting |-> place_q == '0 || place_q < record.occupied)
endmodule
