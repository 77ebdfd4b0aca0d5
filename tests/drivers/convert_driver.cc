// Writes each tiny model of tests/fixtures/models/ as a folder, as the GGUF
// file made from it and, if asked, as the folder made from that, under FOLDER;
// for tests/oracles/convert_llama_cpp.py and convert_transformers.py:
//   convert_driver FOLDER TYPE [--back]
// Prints a line of JSON a model: folder, file, back, ids, whether it has
// experts, and our logits of that file.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "convert/tiny_folders.h"
#include "convert/to_folder.h"
#include "convert/to_gguf.h"
#include "model/load.h"

namespace fullstop {
namespace {

nlohmann::json Logits(const std::string& path,
                      const std::vector<TokenId>& ids) {
  const GgufFile file = GgufFile::Open(path);
  const auto model =
      LoadModel(file, {.context_length = static_cast<int32_t>(ids.size()),
                       .cache_type = kernels::CacheType::kF32,
                       .cpu_path = kernels::CpuPath::kReference});
  return PrefillLogits(*model, ids);
}

bool HasExperts(const TinyModel& model) {
  return std::ranges::any_of(model.tensors, [](const auto& tensor) {
    return tensor[0].template get<std::string>().find(".experts.") !=
           std::string::npos;
  });
}

void Write(const TinyModel& model, const std::string& folder,
           const std::string& type, bool back) {
  const std::string path = WriteTinyFolder(model, folder);
  const std::string file = path + "-" + type + ".gguf";
  FolderToGguf(HfFolder::Open(path), file, ParseOutType(type), nullptr);
  nlohmann::json line = {{"name", model.name + " " + model.layout},
                         {"folder", path},
                         {"file", file},
                         {"ids", model.ids},
                         {"mixture", HasExperts(model)},
                         {"transformers", model.logits},
                         {"logits", Logits(file, model.ids)}};
  if (back) {
    line["back"] = path + "-back";
    GgufToFolder(GgufFile::Open(file), path + "-back", nullptr);
  }
  std::cout << line.dump() << std::endl;
}

// A model changed where llama.cpp computes otherwise or loads no such file; our
// own logits stand for those of transformers, which agree on the model itself.
struct Variant {
  const char* model;   // in the layout that its makers publish
  const char* config;  // merged into config.json
  // By parts of names: other shapes; null leaves a tensor out.
  const char* tensors = "{}";
  // One begin of a name and another: those are left out, and come again as
  // copies of these.
  const char* copies = nullptr;
  const char* of = nullptr;
};
constexpr Variant kVariants[] = {
    {"mistral", R"({"sliding_window": null})"},
    {"qwen2_window", R"({"use_sliding_window": false})"},
    {"phi3_window", R"({"sliding_window": null})"},
    {"phi3", R"({"original_max_position_embeddings": 256,
                 "max_position_embeddings": 512})"},
    {"cohere_norms", R"({"use_qk_norm": false})",
     R"({"q_norm": null, "k_norm": null})"},
    {"gemma2", R"({"query_pre_attn_scalar": 16})"},
    {"gemma3_text", R"({"query_pre_attn_scalar": 16})"},
    {"gemma3", R"({"text_config": {"query_pre_attn_scalar": 16}})"},
    {"seed_oss", "{}",
     R"({"o_proj.bias": null, ".mlp.gate_proj.bias": null,
         ".mlp.up_proj.bias": null, ".mlp.down_proj.bias": null})"},
    {"ernie4_5", "{}", R"({"_proj.bias": null})"},
    {"ernie4_5_moe", "{}", R"({"_proj.bias": null, "lm_head.bias": null})"},
    {"internlm2", "{}", R"({"wo.bias": null})"},
    {"exaone4",
     R"({"head_dim": 8, "sliding_window": null,
         "sliding_window_pattern": null, "layer_types": null})",
     R"({"q_proj": [32, 32], "k_proj": [16, 32], "v_proj": [16, 32],
         "o_proj": [32, 32], "q_norm": [8], "k_norm": [8]})"},
    {"qwen3_5", R"({"linear_value_head_dim": 8})",
     R"({"in_proj_qkv": [64, 32], "in_proj_z": [32, 32],
         "linear_attn.norm": [8], "conv1d": [64, 1, 4],
         "out_proj": [32, 32]})"},
    {"qwen3_5_moe", R"({"linear_value_head_dim": 8})",
     R"({"in_proj_qkv": [64, 32], "in_proj_z": [32, 32],
         "linear_attn.norm": [8], "conv1d": [64, 1, 4],
         "out_proj": [32, 32]})"},
    {"qwen3_next", R"({"linear_value_head_dim": 8})",
     R"({"in_proj_qkvz": [96, 32], "linear_attn.norm": [8],
         "conv1d": [64, 1, 4], "out_proj": [32, 32]})"},
    {"lfm2", R"({"conv_bias": false})", R"({".conv.conv.bias": null,
         "_proj.bias": null})"},
    {"lfm2_moe", R"({"routed_scaling_factor": 1.0})"},
    {"qwen2_moe", R"({"mlp_only_layers": []})", "{}", "model.layers.0.mlp.",
     "model.layers.1.mlp."},
    {"llama4", R"({"attention_chunk_size": 8192, "floor_scale": 8192,
                   "attn_scale": 0.1})"},
};

TinyModel Varied(TinyModel model, const Variant& variant) {
  model.layout += "-varied";
  model.logits.clear();
  model.config.merge_patch(nlohmann::ordered_json::parse(variant.config));
  const auto changes = nlohmann::ordered_json::parse(variant.tensors);
  auto tensors = nlohmann::ordered_json::array();
  for (auto& tensor : model.tensors) {
    const std::string name = tensor[0];
    bool kept = variant.copies == nullptr || !name.starts_with(variant.copies);
    for (const auto& [part, shape] : changes.items()) {
      if (name.find(part) == name.npos) continue;
      if (shape.is_null()) {
        kept = false;
      } else {
        tensor[1] = shape;
      }
    }
    if (kept) tensors.push_back(tensor);
    if (variant.of == nullptr || !name.starts_with(variant.of)) continue;
    tensor[0] = variant.copies + name.substr(std::strlen(variant.of));
    tensors.push_back(tensor);
  }
  model.tensors = std::move(tensors);
  return model;
}

void Run(const std::string& folder, const std::string& type, bool back) {
  for (const TinyModel& model : ReadTinyModels()) {
    Write(model, folder, type, back);
    for (const Variant& variant : kVariants) {
      if (!back && variant.model == model.name && model.layout == "published") {
        Write(Varied(model, variant), folder, type, false);
      }
    }
  }
}

}  // namespace
}  // namespace fullstop

int main(int argc, char** argv) {
  const bool back = argc == 4 && std::string(argv[3]) == "--back";
  if (argc != 3 && !back) return 2;
  try {
    fullstop::Run(argv[1], argv[2], back);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
