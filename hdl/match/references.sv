// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Keeps the slots of two records - one in pass A, one in pass B - and reads out the occupied lanes of the latter.
///
/// One reference per cycle, in the order in which the lanes were occupied; a record without any gives one placeholder.
/// The first reference of a record comes out REFERENCE_LATENCY cycles after `finished_valid_i`, always:
/// the slots that the lanes hold change with it (see consistency). So a record may finish only when the record before
/// is read out; `remaining_o` says how many references that one still has, for the admission of the next.
module references import match_pkg::*; (
  input  logic             clk_i,
  input  logic             rst_i,
  // slots won
  input  logic             slot_write_valid_i,
  input  slot_write_t      slot_write_i,
  // records that left pass A
  input  logic             finished_valid_i,
  input  finished_record_t finished_i,
  output lane_t            remaining_o, // references still to be read, this cycle's included
  // references out
  output logic             reference_valid_o,
  output reference_t       reference_o
);
  localparam int unsigned Entries = 2 << LANE_WIDTH; // two banks

  lane_t list_q [Entries]; // lanes in the order of their first win
  lane_t fill_q;           // list entries of the record in pass A

  finished_record_t record_q, listed_record_q;
  moved_t           moved;
  lane_t            position_q, listed_lane_q;
  logic             listed_valid_q, listed_first_q, listed_last_q;
  logic [31:0]      index_q;
  count_t           count_q;
  logic             occupied_q, first_q, last_q;
  lane_t            lane_q;

  always_ff @(posedge clk_i) begin
    if (slot_write_valid_i && slot_write_i.fresh) list_q[{slot_write_i.bank, fill_q}] <= slot_write_i.lane;
    if (rst_i || finished_valid_i) fill_q <= '0;
    else if (slot_write_valid_i && slot_write_i.fresh) fill_q <= fill_q + 1'b1;
  end

  always_ff @(posedge clk_i) begin
    // Which lane: the list of the record in pass B.
    if (finished_valid_i) begin
      record_q    <= finished_i;
      position_q  <= '0;
      remaining_o <= finished_i.occupied == '0 ? lane_t'(1) : finished_i.occupied;
    end else if (remaining_o != '0) begin
      position_q  <= position_q + 1'b1;
      remaining_o <= remaining_o - 1'b1;
    end
    listed_valid_q <= remaining_o != '0;
    if (remaining_o != '0) begin
      listed_lane_q   <= list_q[{record_q.bank, position_q}];
      listed_first_q  <= position_q == '0;
      listed_last_q   <= remaining_o == lane_t'(1);
      listed_record_q <= record_q;
    end
    // Which slot.
    reference_valid_o <= listed_valid_q;
    if (listed_valid_q) begin
      index_q    <= listed_record_q.index;
      count_q    <= listed_record_q.count;
      occupied_q <= listed_record_q.occupied != '0;
      first_q    <= listed_first_q;
      last_q     <= listed_last_q;
      lane_q     <= listed_lane_q;
    end
    if (rst_i) begin
      remaining_o       <= '0;
      listed_valid_q    <= 1'b0;
      reference_valid_o <= 1'b0;
    end
  end

  // The slots. Their weights are not needed here.
  ram_1w1r #(.ChunkWidth($bits(moved_t)), .Depth(Entries)) i_slots (
    .clk_i,
    .write_enable_i (slot_write_valid_i),
    .write_address_i({slot_write_i.bank, slot_write_i.lane}),
    .write_data_i   ({slot_write_i.slot.turn, slot_write_i.slot.y, slot_write_i.slot.x}),
    .read_enable_i  (listed_valid_q),
    .read_address_i ({listed_record_q.bank, listed_lane_q}),
    .read_data_o    (moved)
  );
  assign reference_o = '{
    index:    index_q,
    count:    count_q,
    occupied: occupied_q,
    first:    first_q,
    last:     last_q,
    lane:     lane_q,
    moved:    moved
  };

  `ASSERT_IF(ReadOutBeforeNext, finished_valid_i, remaining_o <= lane_t'(1))
  `ASSERT_IF(ListMatchesCount, finished_valid_i,
      finished_i.occupied == fill_q + lane_t'(slot_write_valid_i && slot_write_i.fresh))
  `ASSERT_AFTER(LatencyHolds, REFERENCE_LATENCY, finished_valid_i, reference_valid_o && reference_o.first)
endmodule
