// Llama 4: three of four layers attend within chunks and know positions, the
// fourth sees all and knows none; the input of an expert is weighed, not its
// result.
#include <string>
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

// Matrices of experts are [experts, in, out]; gates stand before what they
// gate.
void ReadMixture(FolderReader& f) {
  static constexpr TensorName kNames[] = {
      {"model.layers.{}.feed_forward.gate_proj", "blk.{}.ffn_gate"},
      {"model.layers.{}.feed_forward.up_proj", "blk.{}.ffn_up"},
      {"model.layers.{}.feed_forward.down_proj", "blk.{}.ffn_down"},
      {"model.layers.{}.feed_forward.router", "blk.{}.ffn_gate_inp"},
      {"model.layers.{}.feed_forward.shared_expert.gate_proj",
       "blk.{}.ffn_gate_shexp"},
      {"model.layers.{}.feed_forward.shared_expert.up_proj",
       "blk.{}.ffn_up_shexp"},
      {"model.layers.{}.feed_forward.shared_expert.down_proj",
       "blk.{}.ffn_down_shexp"}};
  f.AddNames(kNames);
  // [experts, in, out]; the columns of gates before those of ups.
  const uint64_t width = f.Count("intermediate_size");
  const std::string experts = "model.layers.{}.feed_forward.experts.";
  f.AddPlaced({experts + "gate_up_proj", "blk.{}.ffn_gate_exps.weight"},
              {.columns = {{0, width}}, .transposed = true});
  f.AddPlaced({experts + "gate_up_proj", "blk.{}.ffn_up_exps.weight"},
              {.columns = {{width, width}}, .transposed = true});
  f.AddPlaced({experts + "down_proj", "blk.{}.ffn_down_exps.weight"},
              {.transposed = true});
}

Graph Describe(const ModelFile& file) {
  Decoder d(file, "llama4");
  const ModelKeys& keys = d.keys();
  const uint64_t layers = d.shape().layers;
  const std::vector<bool> rotates =
      keys.Flags("attention.rope_layers", layers,
                 [](uint64_t layer) { return (layer + 1) % 4 != 0; });
  const RopeId rope = d.Rope();
  AttentionOptions local{.rope = rope,
                         .pairs = RopePairs::kAdjacent,
                         .chunk = keys.Count("attention.chunk_size", 8192)};
  // The model of 128 experts has no norms.
  if (keys.Flag("attention.qk_norm", keys.CountOrNone("expert_count") != 128)) {
    local.head_norm = HeadNorm::kPlain;
    local.norm_behind_rope = true;
  }
  const AttentionOptions global{
      .sharpen_rate = keys.Number("attention.temperature_scale", 0.1),
      .sharpen_length =
          static_cast<double>(keys.Count("attention.temperature_length", 8192)),
      .sharpen_offset = 1};
  const MixtureOptions mixture{.score = RouteStep::Score::kSigmoid,
                               .normalise = false,
                               .weigh_input = true};
  d.Embed();
  for (uint64_t layer = 0; layer < layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(rotates[layer] ? local : global);
    d.Add();
    d.Norm("ffn_norm");
    d.AddMixtureOrFeedForward(mixture);
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys({.epsilon = 1e-5, .rope_theta = 500000});
  f.AddNames(kDecoderNames);
  f.SetExpertKeys(1);
  f.SetCount("feed_forward_length", f.Count("intermediate_size_mlp"));
  f.SetCount("interleave_moe_layer_step",
             f.Count("interleave_moe_layer_step", 1));
  f.SetCount("expert_gating_func", 2);
  f.SetCount("attention.chunk_size", f.Count("attention_chunk_size", 8192));
  f.SetFlag("attention.qk_norm", f.Flag("use_qk_norm", true));
  const bool sharpens = f.Flag("attn_temperature_tuning", true);
  f.SetNumber("attention.temperature_scale",
              sharpens ? f.Number("attn_scale", 0.1) : 0);
  f.SetCount("attention.temperature_length", f.Count("floor_scale", 8192));
  f.SetRopeLayers();
  ReadMixture(f);
}

}  // namespace

extern const Architecture kLlama4 = {
    .name = "llama4",
    .model_types = {"llama4_text", "llama4"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
