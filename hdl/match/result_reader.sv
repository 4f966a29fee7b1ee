// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Reads one result block out of the collectors: header, histogram, candidates (docs/wire-formats.md).
///
/// One request at a time. A histogram line takes about 20 cycles, a candidate line about 12; lines wait for the sink.
module result_reader import whorl_gen_pkg::*, match_pkg::*; (
  input  logic               clk_i,
  input  logic               rst_i,
  // which block
  input  logic               result_request_valid_i,
  output logic               result_request_ready_o,
  input  result_request_t    result_request_i,
  // collectors: COLLECTED_LATENCY cycles from address to data
  output collected_address_t collected_address_o,
  input  collected_t         collected_i,
  input  stream_counters_t   counters_i,
  // lines
  output logic               result_line_valid_o,
  input  logic               result_line_ready_i,
  output result_line_t       result_line_o
);
  localparam int unsigned LineBits       = 8 * LINE_BYTES;
  localparam int unsigned LineBins       = LINE_BYTES / 4;               // 16
  localparam int unsigned LineCandidates = LINE_BYTES / CANDIDATE_BYTES; // 8

  typedef enum logic [1:0] {Idle, Header, Histogram, Candidates} part_e;

  part_e                        part_q;
  result_request_t              request_q;
  logic [8:0]                   asked_q, asked_end_q; // words of the part: next to ask for, first of the next line
  logic [8:0]                   come_q;               // next to come
  logic [COLLECTED_LATENCY-1:0] underway_q;
  logic [LineBits-1:0]          line_q;
  logic                         line_valid_q, last_q;
  logic                         ask, come, line_complete;
  result_header_t               header;
  candidate_t                   candidate;

  assign result_request_ready_o = part_q == Idle;
  assign collected_address_o    = '{stream: request_q.stream, probe: request_q.probe, index: asked_q};
  assign result_line_valid_o    = line_valid_q;
  assign result_line_o          = '{data: line_q, last: last_q};

  // A line is asked for when the line before has gone, so the line register is the only buffer.
  assign ask           = part_q != Idle && asked_q != asked_end_q && !line_valid_q;
  assign come          = underway_q[COLLECTED_LATENCY-1];
  assign line_complete = come && come_q + 1'b1 == asked_end_q;

  assign header = '{
    comparisons:            collected_i.comparisons,
    candidates:             32'(collected_i.candidates),
    passed:                 collected_i.passed,
    stream:                 request_q.stream,
    probe_slot:             request_q.probe,
    known_answers:          collected_i.known_answers,
    cycles:                 counters_i.cycles,
    minutiae:               counters_i.minutiae,
    stall_starved:          counters_i.stall_starved,
    stall_engine:           counters_i.stall_engine,
    stall_collect:          counters_i.stall_collect,
    lines:                  counters_i.lines,
    known_answer_signature: collected_i.signature
  };
  // Places behind the last entry stay zero.
  assign candidate = come_q >= collected_i.candidates ? '0
                     : '{index: collected_i.entry.index, score: collected_i.entry.score, default: '0};

  always_ff @(posedge clk_i) begin
    underway_q <= {underway_q[COLLECTED_LATENCY-2:0], ask};
    if (ask) asked_q <= asked_q + 1'b1;
    if (come) begin
      come_q <= come_q + 1'b1;
      unique case (part_q)
        Header:    line_q <= header;
        Histogram: line_q <= {collected_i.bin, line_q[LineBits-1:32]};
        default:   line_q <= {candidate, line_q[LineBits-1:64]};
      endcase
    end
    if (line_complete) begin
      line_valid_q <= 1'b1;
      unique case (part_q)
        Header:    last_q <= 1'b0;
        // Word numbers wrap to 0 with the last bin.
        Histogram: last_q <= asked_end_q == '0 && collected_i.candidates == '0;
        default:   last_q <= asked_end_q >= collected_i.candidates;
      endcase
    end
    if (line_valid_q && result_line_ready_i) begin
      line_valid_q <= 1'b0;
      unique case (part_q)
        Header: begin
          part_q      <= Histogram;
          asked_q     <= '0;
          come_q      <= '0;
          asked_end_q <= 9'(LineBins);
        end
        Histogram: begin
          if (asked_end_q != '0) asked_end_q <= asked_end_q + 9'(LineBins);
          else begin
            part_q      <= last_q ? Idle : Candidates;
            asked_end_q <= 9'(LineCandidates);
          end
        end
        default: begin
          if (last_q) part_q <= Idle;
          asked_end_q <= asked_end_q + 9'(LineCandidates);
        end
      endcase
    end
    if (result_request_valid_i && result_request_ready_o) begin
      part_q      <= Header;
      request_q   <= result_request_i;
      asked_q     <= '0;
      come_q      <= '0;
      asked_end_q <= 9'd1;
    end
    if (rst_i) begin
      part_q       <= Idle;
      line_valid_q <= 1'b0;
      underway_q   <= '0;
    end
  end

  `ASSERT_HELD(LineHeld, result_line_valid_o, result_line_ready_i, result_line_o)
  `ASSERT_NEXT(LastEndsBlock, result_line_valid_o && result_line_ready_i && result_line_o.last, result_request_ready_o)
  `ASSERT_NEXT(OthersDoNot, result_line_valid_o && result_line_ready_i && !result_line_o.last, !result_request_ready_o)
endmodule
