// Folders whose weights are packed: as published, as models, and as GGUF.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "base/test_folder.h"
#include "convert/tiny_folders.h"
#include "convert/to_folder.h"
#include "convert/to_gguf.h"
#include "format/dequantize.h"
#include "format/float8.h"
#include "format/quant_blocks.h"
#include "format/safetensors_writer.h"
#include "model/architectures.h"
#include "model/load.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;

using Shape = std::vector<uint64_t>;

TinyModel Tiny(const std::string& name) {
  for (const TinyModel& model : ReadTinyModels()) {
    if (model.name == name && model.layout == "published") return model;
  }
  throw std::runtime_error("no fixture " + name);
}

void AddFloats(const std::string& name, const Shape& shape,
               std::vector<float> values, SafetensorsWriter* writer) {
  writer->AddTensor(name, SafetensorsType::kF32, shape,
                    [values = std::move(values)](const ByteSink& sink) {
                      sink(std::as_bytes(std::span(values)));
                    });
}

void AddBytes(const std::string& name, SafetensorsType type, const Shape& shape,
              std::vector<uint8_t> bytes, SafetensorsWriter* writer) {
  writer->AddTensor(name, type, shape,
                    [bytes = std::move(bytes)](const ByteSink& sink) {
                      sink(std::as_bytes(std::span(bytes)));
                    });
}

// A model twice: its matrices packed, and as what that stands for.
class PackedFolderTest : public testing::Test {
 protected:
  // PACK adds a tensor to both, or says that it is none to be packed.
  template <typename Pack>
  void Write(TinyModel model, const nlohmann::ordered_json& quantization,
             Pack pack) {
    SafetensorsWriter packed;
    SafetensorsWriter plain;
    for (const auto& tensor : model.tensors) {
      const std::string name = tensor[0];
      const auto shape = tensor[1].get<Shape>();
      uint64_t count = 1;
      for (const uint64_t dimension : shape) count *= dimension;
      const std::vector<float> values =
          DrawTinyTensor(model.seed, name, count, tensor[2], tensor[3]);
      if (pack(name, shape, values, &packed, &plain)) continue;
      AddFloats(name, shape, values, &packed);
      AddFloats(name, shape, values, &plain);
    }
    ids_ = model.ids;
    plain_ = WriteTinyFolder(model, folder_.File("plain"));
    plain.WriteFile(plain_ + "/model.safetensors");
    model.config["quantization_config"] = quantization;
    packed_ = WriteTinyFolder(model, folder_.File("packed"));
    packed.WriteFile(packed_ + "/model.safetensors");
  }

  // Of all positions, one behind the other.
  std::vector<float> FolderLogits(const std::string& path) const {
    const auto model =
        LoadModel(ReadModelFolder(HfFolder::Open(path)),
                  {.context_length = static_cast<int32_t>(ids_.size()),
                   .cache_type = kernels::CacheType::kF32,
                   .cpu_path = kernels::CpuPath::kReference});
    std::vector<float> logits;
    for (const auto& each : PrefillLogits(*model, ids_)) {
      logits.insert(logits.end(), each.begin(), each.end());
    }
    return logits;
  }

  // The GGUF file made of the folder at PATH.
  GgufFile Convert(const std::string& path, OutType type) const {
    const std::string file = folder_.File("converted.gguf");
    const ConvertResult result =
        FolderToGguf(HfFolder::Open(path), file, type, nullptr);
    EXPECT_EQ(result.written_hash, result.source_hash);
    return GgufFile::Open(file);
  }

  static std::vector<float> Values(const GgufTensor& tensor) {
    uint64_t count = 1;
    for (const uint64_t dimension : tensor.shape) count *= dimension;
    std::vector<float> values(count);
    Dequantize(tensor.type, tensor.data.data(), values.data(), count);
    return values;
  }

  TestFolder folder_;
  std::string plain_;
  std::string packed_;
  std::vector<TokenId> ids_;
};

// The number of the eight-bit float nearest to X.
uint8_t ToE4m3(float x) {
  uint8_t best = 0;
  for (int bits = 0; bits < 256; ++bits) {
    const auto each = static_cast<uint8_t>(bits);
    if (std::abs(Float8E4m3ToFloat(each) - x) <
        std::abs(Float8E4m3ToFloat(best) - x)) {
      best = each;
    }
  }
  return best;
}

class Fp8FolderTest : public PackedFolderTest {
 protected:
  static constexpr uint64_t kBlock = 16;

  Fp8FolderTest() {
    Write(Tiny("deepseek_v3"),
          {{"quant_method", "fp8"},
           {"fmt", "e4m3"},
           {"weight_block_size", {kBlock, kBlock}}},
          [](const std::string& name, const Shape& shape,
             const std::vector<float>& values, SafetensorsWriter* packed,
             SafetensorsWriter* plain) {
            if (!name.ends_with("_proj.weight")) return false;
            Pack(name, shape, values, packed, plain);
            return true;
          });
  }

  static void Pack(const std::string& name, const Shape& shape,
                   const std::vector<float>& values, SafetensorsWriter* packed,
                   SafetensorsWriter* plain) {
    const uint64_t columns = shape[1];
    const Shape blocks = {(shape[0] + kBlock - 1) / kBlock,
                          (columns + kBlock - 1) / kBlock};
    std::vector<float> scales(blocks[0] * blocks[1]);
    const auto scale = [&](size_t i) -> float& {
      return scales[i / columns / kBlock * blocks[1] + i % columns / kBlock];
    };
    for (size_t i = 0; i < values.size(); ++i) {
      scale(i) = std::max(scale(i), std::abs(values[i]) / 448);
    }
    std::vector<uint8_t> bytes;
    std::vector<float> meant;
    for (size_t i = 0; i < values.size(); ++i) {
      bytes.push_back(ToE4m3(values[i] / scale(i)));
      meant.push_back(Float8E4m3ToFloat(bytes.back()) * scale(i));
    }
    AddBytes(name, SafetensorsType::kF8E4M3, shape, bytes, packed);
    AddFloats(name + "_scale_inv", blocks, scales, packed);
    AddFloats(name, shape, meant, plain);
  }
};

TEST_F(Fp8FolderTest, LogitsAreThoseOfWhatTheBytesStandFor) {
  EXPECT_EQ(FolderLogits(packed_), FolderLogits(plain_));
}

TEST_F(Fp8FolderTest, ConvertWritesItAsBf16OrAsAsked) {
  const GgufFile plain = Convert(plain_, OutType::kF32);
  const GgufFile as_f32 = Convert(packed_, OutType::kF32);
  const GgufFile as_is = Convert(packed_, OutType::kAuto);
  ASSERT_EQ(as_f32.tensors().size(), plain.tensors().size());
  for (const char* name :
       {"blk.0.ffn_up.weight", "blk.1.ffn_gate_exps.weight",
        "blk.1.ffn_down_shexp.weight", "blk.0.attn_k_b.weight",
        "blk.0.attn_v_b.weight", "blk.1.attn_q_b.weight"}) {
    const GgufTensor* meant = plain.FindTensor(name);
    ASSERT_NE(meant, nullptr) << name;
    const GgufTensor* exact = as_f32.FindTensor(name);
    EXPECT_EQ(exact->shape, meant->shape) << name;
    EXPECT_EQ(Values(*exact), Values(*meant)) << name;
    const GgufTensor* narrow = as_is.FindTensor(name);
    EXPECT_EQ(narrow->type, TensorType::kBF16) << name;
    const std::vector<float> values = Values(*meant);
    const float largest = std::abs(*std::ranges::max_element(
        values, {}, [](float x) { return std::abs(x); }));
    EXPECT_THAT(
        Values(*narrow),
        ::testing::Pointwise(::testing::FloatNear(largest / 256), values))
        << name;
  }
  // What was not packed stays.
  EXPECT_EQ(as_is.FindTensor("token_embd.weight")->type, TensorType::kF32);
  GgufToFolder(as_is, folder_.File("back"), nullptr);
  const HfFolder back = HfFolder::Open(folder_.File("back"));
  EXPECT_FALSE(back.config().contains("quantization_config"));
}

class Mxfp4FolderTest : public PackedFolderTest {
 protected:
  Mxfp4FolderTest() {
    // Rows of whole blocks.
    TinyModel model = Tiny("gpt_oss");
    model.config["intermediate_size"] = 32;
    for (auto& tensor : model.tensors) {
      const std::string name = tensor[0];
      if (name.find(".experts.") == name.npos) continue;
      for (auto& dimension : tensor[1]) {
        if (dimension == 24) dimension = 32;
        if (dimension == 48) dimension = 64;
      }
    }
    Write(
        model, {{"quant_method", "mxfp4"}},
        [](const std::string& name, const Shape& shape,
           const std::vector<float>& values, SafetensorsWriter* packed,
           SafetensorsWriter* plain) {
          if (!name.ends_with("_proj") || name.find(".experts.") == name.npos) {
            return false;
          }
          Pack(name, shape, values, packed, plain);
          return true;
        });
  }

  // Four bits, in units of half.
  static uint8_t ToE2m1(float x) {
    constexpr float kValues[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    const auto* nearest = std::ranges::min_element(
        kValues, {},
        [x](float value) { return std::abs(value - std::abs(x)); });
    return static_cast<uint8_t>((nearest - kValues) | (x < 0 ? 8 : 0));
  }
  static float FromE2m1(uint8_t bits) {
    constexpr float kValues[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    return (bits & 8 ? -1 : 1) * kValues[bits & 7];
  }

  // Of [experts, in, out] blocks run along IN.
  static void Pack(const std::string& name, const Shape& shape,
                   const std::vector<float>& values, SafetensorsWriter* packed,
                   SafetensorsWriter* plain) {
    const uint64_t in = shape[1];
    const uint64_t out = shape[2];
    std::vector<uint8_t> halves(values.size() / 2);
    std::vector<uint8_t> scales;
    std::vector<float> meant(values.size());
    for (uint64_t block = 0; block < values.size() / 32; ++block) {
      const uint64_t expert = block / (in / 32) / out;
      const uint64_t row = block / (in / 32) % out;
      const auto at = [&](uint64_t i) {
        return (expert * in + block % (in / 32) * 32 + i) * out + row;
      };
      // 2^-2 for even rows, 2^-1 for odd ones.
      scales.push_back(static_cast<uint8_t>(125 + row % 2));
      const float scale = Float8E8m0ToFloat(scales.back());
      for (uint64_t i = 0; i < 32; ++i) {
        const uint8_t bits = ToE2m1(values[at(i)] / scale);
        halves[block * 16 + i / 2] |= static_cast<uint8_t>(bits << i % 2 * 4);
        meant[at(i)] = FromE2m1(bits) * scale;
      }
    }
    AddBytes(name + "_blocks", SafetensorsType::kU8,
             {shape[0], out, in / 32, 16}, halves, packed);
    AddBytes(name + "_scales", SafetensorsType::kU8, {shape[0], out, in / 32},
             scales, packed);
    AddFloats(name, shape, meant, plain);
  }
};

TEST_F(Mxfp4FolderTest, LogitsAreThoseOfWhatTheBytesStandFor) {
  EXPECT_THAT(
      FolderLogits(packed_),
      ::testing::Pointwise(::testing::FloatNear(1e-5f), FolderLogits(plain_)));
}

TEST_F(Mxfp4FolderTest, ConvertLeavesItAsItIsThereAndBack) {
  const GgufFile plain = Convert(plain_, OutType::kF32);
  const std::string name = "blk.0.ffn_up_exps.weight";
  const std::vector<float> meant = Values(*plain.FindTensor(name));
  const GgufFile file = Convert(packed_, OutType::kBF16);
  EXPECT_EQ(file.FindTensor(name)->type, TensorType::kMXFP4);
  EXPECT_THAT(file.FindTensor(name)->shape, ElementsAre(32, 32, 6));
  EXPECT_EQ(Values(*file.FindTensor(name)), meant);
  EXPECT_EQ(file.FindTensor("blk.0.attn_q.weight")->type, TensorType::kBF16);

  const ConvertResult result =
      GgufToFolder(file, folder_.File("back"), nullptr);
  EXPECT_TRUE(result.complete);
  const auto before = HfFolder::Open(packed_).OpenWeights();
  const HfFolder back = HfFolder::Open(folder_.File("back"));
  EXPECT_EQ(back.config().at("quantization_config").at("quant_method"),
            "mxfp4");
  const auto after = back.OpenWeights();
  EXPECT_EQ(after.tensors().size(), before.tensors().size());
  size_t packed = 0;
  for (const SafetensorsTensor& tensor : before.tensors()) {
    if (tensor.type != SafetensorsType::kU8) continue;
    const SafetensorsTensor* same = after.Find(tensor.name);
    ASSERT_NE(same, nullptr) << tensor.name;
    EXPECT_EQ(same->shape, tensor.shape);
    EXPECT_TRUE(std::ranges::equal(same->data, tensor.data)) << tensor.name;
    ++packed;
  }
  EXPECT_EQ(packed, 8u);
}

}  // namespace
}  // namespace fullstop
