// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Takes the known answers out of the scores of one engine: counts them and signs their scores.
///
/// An engine keeps the order of its records, so which of them are known waits in a queue until their scores come; the
/// record itself stays the same to the engine. One score per cycle. Cleared by reset.
module known_answers import match_pkg::*; #(
  parameter int unsigned RecordsMax = 16 // between a record's last beat and its score; a power of two
) (
  input  logic        clk_i,
  input  logic        rst_i,
  // records in their order
  input  logic        record_taken_i, // pulse: the engine accepted a record to its end
  input  logic        known_answer_i, // of that record
  // their scores
  input  logic        score_valid_i,
  output logic        is_known_o,     // the score is a known answer, taken at once
  input  logic        score_ready_i,  // the score is taken, if it is not a known answer
  input  logic [15:0] score_i,
  // totals since reset
  output logic [15:0] count_o,        // stays at all ones
  output logic [31:0] signature_o     // rotated left by 5, with the score, for each
);
  logic known, waiting, has_room, take;
  logic [$clog2(RecordsMax):0] unused_count;

  assign is_known_o = score_valid_i && known;
  assign take       = score_valid_i && (known || score_ready_i);

  fifo #(.Width(1), .Depth(RecordsMax)) i_order (
    .clk_i,
    .rst_i,
    .data_valid_i(record_taken_i),
    .data_ready_o(has_room),
    .data_i      (known_answer_i),
    .data_valid_o(waiting),
    .data_ready_i(take),
    .data_o      (known),
    .count_o     (unused_count)
  );

  always_ff @(posedge clk_i) begin
    if (is_known_o) begin
      if (count_o != '1) count_o <= count_o + 1'b1;
      signature_o <= {signature_o[26:0], signature_o[31:27]} ^ {16'd0, score_i};
    end
    if (rst_i) begin
      count_o     <= '0;
      signature_o <= '0;
    end
  end

  `ASSERT_IF(RoomForEveryRecord, record_taken_i, has_room)
  `ASSERT_IF(EveryScoreHasARecord, score_valid_i, waiting)
endmodule
