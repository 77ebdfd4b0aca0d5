#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "format/gguf_writer.h"
#include "model/architectures.h"
#include "model/load.h"

namespace fullstop {
namespace {

using testing::HasSubstr;

std::string FixturePath(const std::string& name) {
  return std::string(FULLSTOP_SOURCE_DIR) + "/tests/fixtures/llama/" + name;
}

// What to change in a file; an absent value or shape drops the key or tensor.
struct Edit {
  std::map<std::string, std::optional<GgufValue>> keys;
  std::map<std::string, std::optional<std::vector<uint64_t>>> tensors;
};

std::string Edited(const GgufFile& file, const Edit& edit) {
  GgufWriter writer;
  for (const GgufEntry& entry : file.entries()) {
    if (!edit.keys.contains(std::string(entry.key))) {
      writer.Add(entry.key, entry.value);
    }
  }
  for (const auto& [key, value] : edit.keys) {
    if (value) writer.Add(key, *value);
  }
  for (const GgufTensor& tensor : file.tensors()) {
    std::vector<uint64_t> shape = tensor.shape;
    if (edit.tensors.contains(tensor.name)) {
      if (!edit.tensors.at(tensor.name)) continue;
      shape = *edit.tensors.at(tensor.name);
    }
    uint64_t rows = 1;
    for (size_t i = 1; i < shape.size(); ++i) rows *= shape[i];
    writer.AddTensor(
        tensor.name, tensor.type, shape,
        tensor.data.first(rows * RowBytes(tensor.type, shape[0]).value()));
  }
  return writer.ToString();
}

struct BadFile {
  const char* name;
  Edit edit;
  Error::Kind kind;
  // All of them stand in the message.
  std::vector<std::string> says;
};

class BadLlamaTest : public testing::TestWithParam<BadFile> {};

TEST_P(BadLlamaTest, IsToldByName) {
  const GgufFile good = GgufFile::Open(FixturePath("untied.gguf"));
  const std::string bytes = Edited(good, GetParam().edit);
  const GgufFile bad =
      GgufFile::Parse(std::as_bytes(std::span(bytes)), "bad.gguf");
  try {
    LoadModel(bad, {});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), GetParam().kind) << error.what();
    EXPECT_EQ(error.file(), "bad.gguf") << error.what();
    for (const std::string& part : GetParam().says) {
      EXPECT_THAT(error.what(), HasSubstr(part));
    }
  }
}

GgufValue Integer(uint32_t value) { return {value}; }
GgufValue Float(float value) { return {value}; }
GgufValue Text(std::string_view value) { return {value}; }

std::vector<BadFile> BadFiles() {
  const Error::Kind format = Error::Kind::kFormat;
  const Error::Kind unsupported = Error::Kind::kUnsupported;
  return {
      {"NoArchitecture",
       {.keys = {{"general.architecture", {}}}, .tensors = {}},
       format,
       {"general.architecture"}},
      {"UnknownArchitecture",
       {.keys = {{"general.architecture", Text("mamba")}}, .tensors = {}},
       unsupported,
       {"mamba", "supported: ", " llama,"}},
      {"NoBlockCount",
       {.keys = {{"llama.block_count", {}}}, .tensors = {}},
       format,
       {"llama.block_count", "missing"}},
      {"ZeroHeads",
       {.keys = {{"llama.attention.head_count", Integer(0)}}, .tensors = {}},
       format,
       {"llama.attention.head_count", "0"}},
      {"HeadsOfTheWrongType",
       {.keys = {{"llama.attention.head_count", Text("four")}}, .tensors = {}},
       format,
       {"llama.attention.head_count"}},
      {"HugeBlockCount",
       {.keys = {{"llama.block_count", Integer(4000000000u)}}, .tensors = {}},
       format,
       {"llama.block_count", "4000000000"}},
      {"OneBlockTooMany",
       {.keys = {{"llama.block_count", Integer(3)}}, .tensors = {}},
       format,
       {"blk.2.attn_norm.weight", "[32]", "missing"}},
      {"UnevenGroups",
       {.keys = {{"llama.attention.head_count_kv", Integer(3)}}, .tensors = {}},
       format,
       {"4 heads", "3 key heads"}},
      {"InfiniteEpsilon",
       {.keys = {{"llama.attention.layer_norm_rms_epsilon", Float(INFINITY)}},
        .tensors = {}},
       format,
       {"layer_norm_rms_epsilon"}},
      {"UnknownRopeScaling",
       {.keys = {{"llama.rope.scaling.type", Text("spiral")}}, .tensors = {}},
       unsupported,
       {"spiral", "yarn"}},
      {"OddRope",
       {.keys = {{"llama.rope.dimension_count", Integer(7)}}, .tensors = {}},
       format,
       {"llama.rope.dimension_count", "7"}},
      {"RopeWiderThanTheHead",
       {.keys = {{"llama.rope.dimension_count", Integer(10)}}, .tensors = {}},
       format,
       {"llama.rope.dimension_count", "10"}},
      {"MissingTensor",
       {.keys = {}, .tensors = {{"blk.1.ffn_up.weight", {}}}},
       format,
       {"blk.1.ffn_up.weight", "[32, 64]", "missing"}},
      {"IllShapedMatrix",
       {.keys = {}, .tensors = {{"blk.0.attn_q.weight", {{32, 16}}}}},
       format,
       {"blk.0.attn_q.weight", "[32, 16]", "[32, 32]"}},
      {"IllShapedNorm",
       {.keys = {}, .tensors = {{"output_norm.weight", {{16}}}}},
       format,
       {"output_norm.weight", "[16]", "[32]"}},
      {"HeadOfAnotherVocabulary",
       {.keys = {}, .tensors = {{"output.weight", {{32, 63}}}}},
       format,
       {"output.weight", "[32, 63]", "[32, 64]"}},
      {"ExpertsWithoutARouter",
       {.keys = {{"llama.expert_count", Integer(4)}}, .tensors = {}},
       format,
       {"expert_count is 4", "no layer has a router"}},
      {"MoreLayersThanTensors",
       {.keys = {{"llama.block_count", Integer(2000000000)}}, .tensors = {}},
       format,
       {"block_count is 2000000000"}},
      {"HeadLengthThatIsNoMultipleOfEight",
       {.keys = {{"llama.attention.head_count", Integer(8)},
                 {"llama.attention.head_count_kv", Integer(4)},
                 {"llama.rope.dimension_count", {}}},
        .tensors = {}},
       unsupported,
       {"heads of 4 numbers"}},
  };
}

INSTANTIATE_TEST_SUITE_P(Files, BadLlamaTest, testing::ValuesIn(BadFiles()),
                         [](const auto& file) { return file.param.name; });

TEST(DescribeModelTest, FileWithoutWeightsIsAUsageError) {
  GgufWriter writer;
  writer.Add("general.architecture", Text("llama"));
  const std::string bytes = writer.ToString();
  const GgufFile file =
      GgufFile::Parse(std::as_bytes(std::span(bytes)), "vocabulary.gguf");
  try {
    LoadModel(file, {});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("no weights"));
  }
}

TEST(DescribeModelTest, EveryArchitectureOfTheTableHasANameOfItsOwn) {
  std::map<std::string_view, int> names;
  for (const Architecture* architecture : Architectures()) {
    EXPECT_EQ(++names[architecture->name], 1) << architecture->name;
  }
}

TEST(DescribeLlamaTest, TensorsSayWhereTheyMayBeCut) {
  const GgufFile file = GgufFile::Open(FixturePath("gqa.gguf"));
  const Graph graph = DescribeModel(file);
  const auto cut = [&](const std::string& name) {
    for (const TensorSpec& spec : graph.tensors) {
      if (spec.name == name) return spec.cut;
    }
    throw Error::NotFound(name);
  };
  EXPECT_EQ(cut("blk.0.attn_q.weight").axis, CutAxis::kOutput);
  EXPECT_EQ(cut("blk.0.attn_q.weight").unit, 16u) << "two heads read one key";
  EXPECT_EQ(cut("blk.0.attn_k.weight").unit, 8u);
  EXPECT_EQ(cut("blk.0.attn_output.weight").axis, CutAxis::kInput);
  EXPECT_EQ(cut("blk.0.attn_output.weight").unit, 16u);
  EXPECT_EQ(cut("blk.1.ffn_down.weight").axis, CutAxis::kInput);
  EXPECT_EQ(cut("blk.1.ffn_norm.weight").axis, CutAxis::kNone);
}

TEST(DescribeLlamaTest, TiedHeadIsTheTableAgain) {
  const GgufFile tied = GgufFile::Open(FixturePath("gqa.gguf"));
  const GgufFile untied = GgufFile::Open(FixturePath("untied.gguf"));
  const Graph a = DescribeModel(tied);
  const Graph b = DescribeModel(untied);
  EXPECT_EQ(a.tensor(a.head).name, "token_embd.weight");
  EXPECT_EQ(b.tensor(b.head).name, "output.weight");
  EXPECT_EQ(a.vocabulary, 64u);
}

TEST(CacheBytesTest, CountsKeysAndValuesOfAllLayers) {
  const GgufFile file = GgufFile::Open(FixturePath("gqa.gguf"));
  EXPECT_EQ(CacheBytes(file, 65), 128u * 2 * 2 * 2 * 2 * 8);
}

TEST(LoadModelTest, OptionsOutOfRangeAreUsageErrors) {
  const GgufFile file = GgufFile::Open(FixturePath("gqa.gguf"));
  EXPECT_THROW(LoadModel(file, {.context_length = -1}), Error);
  EXPECT_THROW(LoadModel(file, {.threads = -1}), Error);
  EXPECT_THROW(LoadModel(file, {.batch = 0}), Error);
}

}  // namespace
}  // namespace fullstop
