// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Bins of a valid/ready stream: it flows, it waits for its sink, and its sink waits for it.
module stream_cover #(
  parameter bit ReadyFirst = 1'b1,  // ready does not wait for valid, so the sink can starve
  parameter bit Stalling   = 1'b1   // the source does not wait for ready, so it can stall
) (
  input logic clk_i,
  input logic rst_i,
  input logic valid_i,
  input logic ready_i
);
  Flows:   cover property (@(posedge clk_i) disable iff (rst_i) valid_i && ready_i);
  if (Stalling) begin : gen_stalling
    Stalls: cover property (@(posedge clk_i) disable iff (rst_i) valid_i && !ready_i);
  end
  if (ReadyFirst) begin : gen_ready_first
    Starves: cover property (@(posedge clk_i) disable iff (rst_i) !valid_i && ready_i);
  end
endmodule
