// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Takes the record lines of extents apart into gallery minutiae, and checks them (MATCHER 2.4).
///
/// One minutia per cycle without gaps between lines or records, as long as lines are there; a beat is offered one
/// cycle after its line was taken. An empty record is one beat without a minutia. From the first fault on the reader
/// raises `error_o`, swallows lines and offers nothing more, until reset.
module record_reader import whorl_gen_pkg::*, match_pkg::*; (
  input  logic          clk_i,
  input  logic          rst_i,
  // lines of extents
  input  logic          line_valid_i,
  output logic          line_ready_o,
  input  gallery_line_t line_i,
  // gallery minutiae
  output logic          beat_valid_o,
  input  logic          beat_ready_i,
  output gallery_beat_t beat_o,
  output logic          known_answer_o, // with the beat: its record's score is known
  output logic          error_o,     // the lines are no whole records, or not as many as the extent says
  output logic          idle_o       // nothing held, no record begun
);
  localparam int unsigned LineWidth = $clog2(RECORD_LINES_MAX); // 5

  record_line_t data;
  assign data = line_i.data;

  // ---- What comes next
  logic [LineWidth:0] expected_q, expected; // line number; one bit more, so that line 32 fits no line
  logic [31:0]        number_q, number;     // records that ended in this extent, before and with this line
  logic               open_q;
  logic               accept, count_wrong, extent_wrong, fault;

  assign expected     = line_i.first ? '0 : expected_q;
  assign number       = number_q + 32'(data.last);
  assign count_wrong  = data.count != 2'(LINE_MINUTIAE) && (!data.last || (data.count == '0 && data.line != '0));
  assign extent_wrong = line_i.last && (!data.last || number != line_i.records);
  assign fault        = {1'b0, data.line} != expected || count_wrong || extent_wrong || (line_i.first && open_q);
  assign accept       = line_valid_i && line_ready_o;

  // ---- The line in work
  logic         line_valid_q;
  record_line_t line_q;
  logic [31:0]  index_q;
  logic         known_answer_q;
  logic [1:0]   position_q; // minutia of the line
  logic         line_done;

  assign line_done    = beat_ready_i && (position_q + 1'b1 >= line_q.count);
  assign line_ready_o = !line_valid_q || line_done;
  assign idle_o       = !line_valid_q && !open_q;

  always_ff @(posedge clk_i) begin
    if (line_valid_q && beat_ready_i) begin
      position_q <= position_q + 1'b1;
      if (line_done) line_valid_q <= 1'b0;
    end
    if (accept && !error_o) begin
      error_o        <= fault;
      line_valid_q   <= !fault;
      line_q         <= data;
      index_q        <= line_i.base_index + number_q;
      known_answer_q <= line_i.known_answer;
      position_q     <= '0;
      expected_q     <= data.last ? '0 : expected + 1'b1;
      number_q       <= line_i.last ? '0 : number;
      open_q         <= !data.last && !fault;
    end
    if (rst_i) begin
      line_valid_q <= 1'b0;
      error_o      <= 1'b0;
      number_q     <= '0;
      open_q       <= 1'b0;
    end
  end

  // ---- The minutia in work
  minutia_t minutia;
  count_t   earlier; // minutiae of the record's lines before this one

  always_comb begin
    unique case (position_q)
      2'd0:    minutia = '{'{line_q.angle_0, line_q.y_0, line_q.x_0}, line_q.descriptor_0};
      2'd1:    minutia = '{'{line_q.angle_1, line_q.y_1, line_q.x_1}, line_q.descriptor_1};
      default: minutia = '{'{line_q.angle_2, line_q.y_2, line_q.x_2}, line_q.descriptor_2};
    endcase
  end

  assign earlier        = {1'b0, line_q.line, 1'b0} + {2'b0, line_q.line};
  assign beat_valid_o   = line_valid_q;
  assign known_answer_o = known_answer_q;
  assign beat_o = '{
    minutia: minutia,
    present: line_q.count != '0,
    first:   line_q.line == '0 && position_q == '0,
    last:    line_q.last && position_q + 1'b1 >= line_q.count,
    count:   earlier + (line_q.count == '0 ? '0 : count_t'(position_q) + 1'b1),
    index:   index_q
  };

  `ASSERT_HELD(BeatHeld, beat_valid_o, beat_ready_i, beat_o)
  `ASSERT_IF(CountWithinRecord, beat_valid_o, beat_o.count <= count_t'(RECORD_MINUTIAE_MAX))
  `ASSERT_NEXT(OneRecordAfterTheOther, beat_valid_o && beat_ready_i && beat_o.last, !beat_valid_o || beat_o.first)
endmodule
