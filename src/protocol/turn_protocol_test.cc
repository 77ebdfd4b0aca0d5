// Joining, overrides, findings about BOS and out-of-range ids.
#include "protocol/turn_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "protocol/byte_model.h"

namespace fullstop {
namespace {

constexpr const char* kSource =
    "{% for m in messages %}<a>{{ m.role }}\n{{ m.content }}<z>{% endfor %}";

ByteModel Model() {
  return ByteModel({"<s>", "<a>", "<z>", "<e>"}).Template(kSource);
}

std::vector<FindingKind> Kinds(const TurnProtocol& protocol) {
  std::vector<FindingKind> kinds;
  for (const Finding& finding : protocol.facts().findings) {
    kinds.push_back(finding.kind);
  }
  return kinds;
}

TEST(TurnProtocolTest, AllDeclarationsOfAnIdAreKeptInOrder) {
  const ByteModel model = Model();
  ByteModel declared = model;
  declared.Declare("eos", "<z>")
      .Declare("eot", "<z>")
      .StopIds({model.Id("<z>"), model.Id("<s>")});
  const auto protocol = declared.Resolve();
  const Stop* stop = protocol->stops().Find(model.Id("<z>"));
  ASSERT_NE(stop, nullptr);
  EXPECT_EQ(stop->role, StopRole::kTurnEnd);
  std::vector<std::string> where;
  for (const Source& source : stop->from) where.push_back(source.where);
  EXPECT_THAT(where, testing::ElementsAre("tokenizer.ggml.eos_token_id",
                                          "tokenizer.ggml.eot_token_id",
                                          "fullstop.stop_token_ids",
                                          "the run behind the last answer"));
  EXPECT_EQ(protocol->stops().Find(model.Id("<s>"))->role,
            StopRole::kSequenceEnd);
}

TEST(TurnProtocolTest, IdZeroIsAnIdLikeAnyOther) {
  const auto protocol = Model().StopIds({0}).Resolve();
  ASSERT_NE(protocol->stops().Find(0), nullptr);
  EXPECT_EQ(protocol->stops().Find(0)->role, StopRole::kSequenceEnd);
}

TEST(TurnProtocolTest, MissingEosIsNeverMadeUp) {
  const auto protocol = Model().Resolve();
  EXPECT_EQ(protocol->stops().Find(0), nullptr);
  EXPECT_EQ(protocol->stops().Find(2), nullptr);
}

TEST(TurnProtocolTest, IdOutsideTheVocabularyIsAFinding) {
  const auto protocol = Model().StopIds({-1, 1 << 20}).Resolve();
  EXPECT_THAT(Kinds(*protocol),
              testing::IsSupersetOf(
                  {FindingKind::kOutOfRange, FindingKind::kOutOfRange}));
  EXPECT_EQ(protocol->stops().stops.size(), 2);
}

TEST(TurnProtocolTest, BosIsWhatTheTemplateWrites) {
  const auto with = [](const std::string& begin, bool add) {
    return Model()
        .Template(begin + kSource)
        .Declare("bos", "<s>")
        .Flag("tokenizer.ggml.add_bos_token", add)
        .Resolve();
  };
  const auto has = [](const TurnProtocol& protocol, FindingKind kind) {
    return testing::Value(Kinds(protocol), testing::Contains(kind));
  };
  EXPECT_EQ(with("", false)->facts().bos.written, 0);
  EXPECT_FALSE(has(*with("", false), FindingKind::kNoBos));
  EXPECT_TRUE(has(*with("", true), FindingKind::kNoBos));
  EXPECT_EQ(with("<s>", false)->facts().bos.written, 1);
  EXPECT_FALSE(has(*with("<s>", false), FindingKind::kTwoBos));
  EXPECT_TRUE(has(*with("<s>", true), FindingKind::kTwoBos));
  EXPECT_EQ(with("{{ bos_token }}<s>", false)->facts().bos.written, 2);
  EXPECT_TRUE(has(*with("<s><s>", false), FindingKind::kTwoBos));
}

TEST(TurnProtocolTest, StopsAreOverriddenVisibly) {
  const auto protocol = Model().Resolve(
      {.template_override = std::nullopt, .stops_override = "+7,-258,+7"});
  EXPECT_EQ(protocol->stops().Find(258), nullptr);
  ASSERT_NE(protocol->stops().Find(7), nullptr);
  EXPECT_EQ(protocol->stops().Find(7)->from[0].provenance, Provenance::kUser);
  EXPECT_THAT(Kinds(*protocol), testing::Contains(FindingKind::kRemark));
}

TEST(TurnProtocolTest, MalformedOverrideIsRefused) {
  for (const char* text : {"7", "+", "+x", "+1x", "+-1", "-5", "+1000000",
                           "+99999999999999", "+1,,+2", "1,+2", "+ 1"}) {
    EXPECT_THROW(Model().Resolve({.template_override = std::nullopt,
                                  .stops_override = text}),
                 Error)
        << text;
  }
}

TEST(TurnProtocolTest, TemplateFileReplacesTheModelsOwn) {
  const auto protocol = Model().Resolve(
      {.template_override =
           TemplateFact{"default",
                        "{% for m in messages %}{{ m.content }}<e>"
                        "{% endfor %}",
                        {Provenance::kUser, "mine.jinja"}},
       .stops_override = std::nullopt});
  EXPECT_EQ(protocol->facts().templates.size(), 1);
  EXPECT_EQ(protocol->stops().Find(259)->role, StopRole::kTurnEnd);
  EXPECT_EQ(protocol->stops().Find(258), nullptr);
}

TEST(TurnProtocolTest, BrokenTemplateIsAFindingAndRefusedOnUse) {
  const auto protocol = Model().Template("{% if %}").Resolve();
  EXPECT_THAT(Kinds(*protocol), testing::Contains(FindingKind::kTemplateError));
  EXPECT_FALSE(protocol->has_template());
  EXPECT_THROW(protocol->TemplateFor(false), Error);
}

TEST(TurnProtocolTest, ToolTemplateIsChosenWhenToolsAreGiven) {
  ProtocolSources sources = Model().Sources();
  sources.templates.insert(sources.templates.begin(),
                           {"tool_use", "tools", {Provenance::kGguf, "t"}});
  sources.templates.push_back({"rag", "rag", {Provenance::kGguf, "r"}});
  const auto protocol = TurnProtocol::Resolve(sources);
  // What no request is rendered with is not judged.
  EXPECT_THAT(Kinds(*protocol),
              testing::Contains(FindingKind::kTemplateError).Times(1));
  EXPECT_EQ(protocol->TemplateFor(true).source(), "tools");
  EXPECT_EQ(protocol->TemplateFor(false).source(), kSource);
  EXPECT_EQ(protocol->facts().templates[0].name, "default");
}

TEST(TurnProtocolTest, AddedTokenThatTheTemplateWritesIsControl) {
  const ByteModel model({"<s>"}, {"<in>", "<out>", "\n\n", "<|user|>"});
  ByteModel with = model;
  with.Template(
      "{% for m in messages %}{{ '<|' + m.role + '|>' }}<in>{{ m.content }}"
      "\n\n{% endfor %}");
  const auto protocol = with.Resolve();
  EXPECT_TRUE(protocol->IsControl(model.Id("<in>")));
  EXPECT_TRUE(protocol->IsControl(model.Id("<|user|>")));
  EXPECT_FALSE(protocol->IsControl(model.Id("<out>")));
  EXPECT_FALSE(protocol->IsControl(model.Id("\n\n")));
  EXPECT_TRUE(protocol->IsControl(model.Id("<s>")));
}

TEST(TurnProtocolTest, SuppressedEndIsAFinding) {
  ProtocolSources sources = Model().Declare("eos", "<z>").Sources();
  sources.suppressed = {258, 5, 1 << 20};
  EXPECT_THAT(Kinds(*TurnProtocol::Resolve(sources)),
              testing::Contains(FindingKind::kSuppressed).Times(1));
}

TEST(TurnProtocolTest, TemplateThatDoesNotCompileIsRefusedWithItsPlace) {
  const auto protocol =
      ByteModel({"<s>"}).Template("{{ bos_token }}\n{{ foo( }}").Resolve();
  try {
    protocol->TemplateFor(false);
    FAIL();
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_THAT(text, testing::HasSubstr("line 2, column 9"));
    EXPECT_THAT(text, testing::HasSubstr("--template FILE"));
  }
}

TEST(TurnProtocolTest, FilesThatDisagreeAboutEndsAreAFinding) {
  ProtocolSources sources = ByteModel({"<s>", "</s>", "<z>"}).Sources();
  const auto declare = [&](int64_t id, Provenance provenance,
                           const char* where) {
    sources.stops.push_back({id, std::nullopt, {provenance, where}});
  };
  declare(257, Provenance::kConfig, "config.json: eos_token_id");
  declare(258, Provenance::kGenerationConfig,
          "generation_config.json: eos_token_id");
  declare(257, Provenance::kGenerationConfig,
          "generation_config.json: eos_token_id");
  const auto messages = [&] {
    std::vector<std::string> found;
    const auto protocol = TurnProtocol::Resolve(sources);
    for (const Finding& finding : protocol->facts().findings) {
      if (finding.kind == FindingKind::kDisagreement) {
        found.push_back(finding.message);
      }
    }
    return found;
  };
  EXPECT_THAT(messages(), testing::ElementsAre(
                              "config.json ends replies with 257 </s>; "
                              "generation_config.json ends replies with 257 "
                              "</s>, 258 <z>: all of them count"));
  declare(258, Provenance::kConfig, "config.json: text_config: eos_token_id");
  EXPECT_THAT(messages(), testing::IsEmpty());
}

}  // namespace
}  // namespace fullstop
