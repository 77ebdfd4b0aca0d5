// Qwen 3 Next: three of four layers keep a state by the gated delta rule
// (arXiv:2412.06464) instead of attending, all have mixtures; what Qwen 3.5 has
// as matrices of their own stands in one, key head by key head.
#include <fmt/format.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/architecture.h"
#include "model/delta.h"

namespace fullstop {
namespace {

// Of each key head its value heads' betas, then their alphas.
DeltaGates Gates(Decoder& d, const DeltaShape& s) {
  GraphBuilder& g = d.builder();
  const ValueId fused = d.Value("delta_beta_alpha", 2 * s.value_heads);
  const DeltaGates gates{d.Value("delta_alpha", s.value_heads),
                         d.Value("delta_beta", s.value_heads),
                         d.Value("delta_gate", s.values())};
  const uint64_t embedding = d.shape().embedding;
  g.Add(d.Name("ssm_gates"),
        LinearStep{d.h(),
                   {g.Linear(d.Name("attn_gate"), embedding, s.values(), {},
                             gates.result),
                    g.Linear(d.Name("ssm_ba"), embedding, 2 * s.value_heads, {},
                             fused)}});
  uint64_t begin = 0;
  for (const ValueId part : {gates.beta, gates.alpha}) {
    g.Add(d.Name("ssm_ba_split"), CopyStep{.in = fused,
                                           .in_begin = begin,
                                           .in_stride = 2 * s.repeats(),
                                           .out = part,
                                           .out_begin = 0,
                                           .out_stride = s.repeats(),
                                           .length = s.repeats(),
                                           .groups = s.key_heads});
    begin += s.repeats();
  }
  return gates;
}

Graph Describe(const ModelFile& file) {
  return DescribeDelta(file, "qwen3next", false, Gates);
}

// --- The fused matrix --------------------------------------------------------

// Rows of each key head: its query, its key, its values, their gates.
uint64_t FusedRows(const DeltaShape& s) {
  return 2 * s.key_length + 2 * s.repeats() * s.value_length;
}

// COUNT rows of each key head's, from BEGIN on.
std::vector<AxisRange> OfKeyHeads(const DeltaShape& s, uint64_t begin,
                                  uint64_t count) {
  std::vector<AxisRange> rows;
  for (uint64_t i = 0; i < s.key_heads; ++i) {
    rows.push_back({i * FusedRows(s) + begin, count});
  }
  return rows;
}

std::vector<AxisRange> RowsOfQkv(const DeltaShape& s) {
  std::vector<AxisRange> rows = OfKeyHeads(s, 0, s.key_length);
  for (const auto& part :
       {OfKeyHeads(s, s.key_length, s.key_length),
        OfKeyHeads(s, 2 * s.key_length, s.repeats() * s.value_length)}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

std::vector<AxisRange> RowsOfGate(const DeltaShape& s) {
  const uint64_t values = s.repeats() * s.value_length;
  return OfKeyHeads(s, 2 * s.key_length + values, values);
}

// The tensor NAME, which is ROWS of FUSED.
ModelTensor Part(std::string name, const ModelTensor& fused,
                 std::vector<AxisRange> rows) {
  uint64_t count = 0;
  for (const AxisRange& range : rows) count += range.count;
  const std::span<const std::byte> data = fused.pieces.at(0);
  const uint64_t row_bytes = RowBytes(fused.type, fused.shape[0]).value();
  return {.name = std::move(name),
          .type = fused.type,
          .shape = {fused.shape[0], count},
          .make = [data, row_bytes, rows = std::move(rows)](uint64_t) {
            std::vector<std::byte> bytes;
            for (const AxisRange& range : rows) {
              const auto part = data.subspan(range.begin * row_bytes,
                                             range.count * row_bytes);
              bytes.insert(bytes.end(), part.begin(), part.end());
            }
            return bytes;
          }};
}

// attn_qkv and attn_gate where the file has both in one, ssm_in.
std::vector<ModelTensor> Complete(const ModelFile& file) {
  constexpr std::string_view kFused = "ssm_in.weight";
  std::vector<ModelTensor> more;
  for (const ModelTensor& fused : file.tensors()) {
    if (!fused.name.ends_with(kFused)) continue;
    const std::string prefix =
        fused.name.substr(0, fused.name.size() - kFused.size());
    if (file.FindTensor(prefix + "attn_qkv.weight") != nullptr) continue;
    const ModelKeys keys(file, "qwen3next");
    const DeltaShape s = ReadDeltaKeys(file, keys);
    const std::vector<uint64_t> shape = {keys.Count("embedding_length"),
                                         s.key_heads * FusedRows(s)};
    if (fused.shape != shape) {
      throw Error::Format(fmt::format("tensor {} is none of {} by {} numbers",
                                      fused.name, shape[0], shape[1]))
          .In(file.path());
    }
    more.push_back(Part(prefix + "attn_qkv.weight", fused, RowsOfQkv(s)));
    more.push_back(Part(prefix + "attn_gate.weight", fused, RowsOfGate(s)));
  }
  return more;
}

// --- Folders -----------------------------------------------------------------

void ReadFolder(FolderReader& f) {
  const DeltaShape s = ReadDeltaFolder(f);
  constexpr std::string_view kFused =
      "model.layers.{}.linear_attn.in_proj_qkvz";
  f.AddPlaced({kFused, "blk.{}.attn_qkv"}, {.rows = RowsOfQkv(s)});
  f.AddPlaced({kFused, "blk.{}.attn_gate"}, {.rows = RowsOfGate(s)});
  static constexpr TensorName kNames[] = {
      {"model.layers.{}.linear_attn.in_proj_ba", "blk.{}.ssm_ba"},
      {"model.layers.{}.linear_attn.out_proj", "blk.{}.ssm_out"}};
  f.AddNames(kNames);
  ReadDeltaTensors(f, {{0, s.channels()}}, {{0, s.value_heads}});
}

}  // namespace

extern const Architecture kQwen3Next = {
    .name = "qwen3next",
    .model_types = {"qwen3_next"},
    .describe = Describe,
    .read_folder = ReadFolder,
    .complete = Complete,
};

}  // namespace fullstop
