// Kept ids in later prompts (the cache rule).
#include "protocol/kept.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "protocol/byte_model.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

// Words as added tokens, so that one text has several encodings: "ab" is one
// token, two in any other spelling.
class KeptTest : public testing::Test {
 protected:
  static ByteModel Model(const std::string& content) {
    return ByteModel({"<u>", "<a>", "<z>", "<end>"},
                     {"ab", "abc", "<think>", "</think>"})
        .Template(
            "{% for m in messages %}{% if m.role == 'user' %}<u>"
            "{{ m.content }}<z>{% else %}<a>" +
            content +
            "{% if loop.last and not add_generation_prompt %}<end>"
            "{% else %}<z>{% endif %}{% endif %}{% endfor %}"
            "{% if add_generation_prompt %}<a>{% endif %}");
  }

  RenderedPrompt Prompt(const ByteModel& model, ordered_json answer,
                        std::vector<TokenId> kept) {
    RenderRequest request;
    answer["role"] = "assistant";
    request.messages =
        ordered_json::array({{{"role", "user"}, {"content", "q"}},
                             answer,
                             {{"role", "user"}, {"content", "r"}}});
    request.kept[1] = std::move(kept);
    return Render(*model.Resolve(), request);
  }

  // The ids between the <a> of the answer and the <u> behind it.
  static std::vector<TokenId> Reply(const RenderedPrompt& prompt,
                                    const ByteModel& model) {
    std::vector<TokenId> ids = prompt.TokenIds();
    const auto begin = std::find(ids.begin(), ids.end(), model.Id("<a>")) + 1;
    const auto end = std::find(begin, ids.end(), model.Id("<u>"));
    return {begin, end};
  }
};

TEST_F(KeptTest, UnchangedTextStandsAsItWasGenerated) {
  const ByteModel model = Model("{{ m.content }}");
  const std::vector<TokenId> ids = {'a', 'b', 'c', model.Id("<z>")};
  const RenderedPrompt prompt = Prompt(model, {{"content", "abc"}}, ids);
  EXPECT_EQ(Reply(prompt, model), ids);
  ASSERT_EQ(prompt.kept.size(), 1);
  EXPECT_EQ(prompt.kept[0].ids_kept, 4);
  EXPECT_TRUE(prompt.kept[0].stop_written);
  EXPECT_TRUE(prompt.kept[0].reencoded.empty());
}

// Two line ends are one token at a text's end and two before a word.
TEST_F(KeptTest, BeforeAReplyStandsWhatItWasGeneratedBehind) {
  const ByteModel model =
      ByteModel({"<a>", "<z>"})
          .Merge("\u010A", "\u010A")
          .Template(
              "{% for m in messages %}<a>\n\n{{ m.content }}<z>"
              "{% endfor %}{% if add_generation_prompt %}<a>\n\n"
              "{% endif %}");
  const auto protocol = model.Resolve();
  RenderRequest request;
  request.messages =
      ordered_json::array({{{"role", "user"}, {"content", "q"}}});
  std::vector<TokenId> cached = Render(*protocol, request).TokenIds();
  ASSERT_EQ(cached.back(), 258);
  const std::vector<TokenId> reply = {'x', model.Id("<z>")};
  cached.insert(cached.end(), reply.begin(), reply.end());
  request.messages.push_back({{"role", "assistant"}, {"content", "x"}});
  request.messages.push_back({{"role", "user"}, {"content", "r"}});
  request.kept[1] = reply;
  std::vector<TokenId> prompt = Render(*protocol, request).TokenIds();
  prompt.resize(cached.size());
  EXPECT_EQ(prompt, cached);
}

TEST_F(KeptTest, SourcesCoverTheTextAgain) {
  const ByteModel model = Model("{{ m.content }}");
  const RenderedPrompt prompt =
      Prompt(model, {{"content", "abc"}}, {'a', 'b', 'c', model.Id("<z>")});
  size_t at = 0;
  for (const EncodedToken& token : prompt.ids) {
    EXPECT_EQ(token.source.begin, at);
    at = token.source.end;
  }
  EXPECT_EQ(at, prompt.text.size());
}

TEST_F(KeptTest, WhiteSpaceThatIsTrimmedAtTheEndIsReported) {
  const ByteModel model = Model("{{ m.content | trim }}");
  const RenderedPrompt prompt = Prompt(model, {{"content", "ab\n"}},
                                       {model.Id("ab"), '\n', model.Id("<z>")});
  ASSERT_EQ(prompt.kept[0].reencoded.size(), 1);
  const Reencoded& place = prompt.kept[0].reencoded[0];
  EXPECT_EQ(place.reason, "the template leaves white space out");
  EXPECT_EQ(prompt.text.substr(0, place.begin), "<u>q<z><a>ab");
}

TEST_F(KeptTest, AControlTokenThatIsNotWrittenIsReported) {
  const ByteModel model = Model("{{ m.content }}");
  const RenderedPrompt prompt =
      Prompt(model, {{"content", "ab"}},
             {model.Id("ab"), model.Id("<end>"), model.Id("<z>")});
  ASSERT_EQ(prompt.kept[0].reencoded.size(), 1);
  EXPECT_EQ(prompt.kept[0].reencoded[0].reason,
            "the template does not write <end>");
}

TEST_F(KeptTest, AnEmptyThoughtThatHistoryLeavesOutIsReported) {
  const ByteModel model = Model(
      "{% if m.thinking %}<think>{{ m.thinking }}</think>{% endif %}"
      "{{ m.content }}");
  const RenderedPrompt prompt =
      Prompt(model, {{"content", "ab"}},
             {model.Id("<think>"), '\n', model.Id("</think>"), model.Id("ab"),
              model.Id("<z>")});
  ASSERT_EQ(prompt.kept[0].reencoded.size(), 1);
  EXPECT_EQ(prompt.kept[0].reencoded[0].reason,
            "the template does not write <think> </think>");
}

TEST_F(KeptTest, StopThatTheHistoryWritesOtherwiseIsNotKept) {
  const ByteModel model = Model("{{ m.content }}");
  const RenderedPrompt prompt = Prompt(
      model, {{"content", "abc"}}, {model.Id("ab"), 'c', model.Id("<end>")});
  EXPECT_EQ(Reply(prompt, model),
            (std::vector<TokenId>{model.Id("ab"), 'c', model.Id("<z>")}));
  EXPECT_FALSE(prompt.kept[0].stop_written);
  EXPECT_EQ(prompt.kept[0].ids_kept, 2);
  ASSERT_EQ(prompt.kept[0].reencoded.size(), 1);
  const Reencoded& place = prompt.kept[0].reencoded[0];
  EXPECT_EQ(place.reason, "the template writes <z> for <end>");
  EXPECT_EQ(prompt.text.substr(0, place.begin), "<u>q<z><a>abc");
  EXPECT_EQ(prompt.text.substr(place.begin, place.end - place.begin), "<z>");
}

TEST_F(KeptTest, AReplyThatIsNothingButAStopHasAPlace) {
  const ByteModel model = Model("{{ m.content }}");
  const RenderedPrompt prompt = Prompt(
      model, {{"content", ""}}, {model.Id("<think>"), model.Id("<end>")});
  ASSERT_EQ(prompt.kept[0].reencoded.size(), 1);
  const Reencoded& place = prompt.kept[0].reencoded[0];
  // Between the two users' turns.
  EXPECT_GE(place.begin, prompt.text.find('q'));
  EXPECT_LE(place.end, prompt.text.find('r'));
}

TEST_F(KeptTest, CancelledReplyIsClosedByTheTemplate) {
  const ByteModel model = Model("{{ m.content }}");
  const RenderedPrompt prompt =
      Prompt(model, {{"content", "abc"}}, {model.Id("ab"), 'c'});
  EXPECT_EQ(Reply(prompt, model),
            (std::vector<TokenId>{model.Id("ab"), 'c', model.Id("<z>")}));
  EXPECT_FALSE(prompt.kept[0].stop_written);
}

TEST_F(KeptTest, RewrittenTextIsEncodedAgainWithPlaceAndReason) {
  const ByteModel model = Model("{{ m.content | upper }}");
  const RenderedPrompt prompt =
      Prompt(model, {{"content", "abc"}}, {'a', 'b', 'c', model.Id("<z>")});
  EXPECT_EQ(Reply(prompt, model),
            (std::vector<TokenId>{'A', 'B', 'C', model.Id("<z>")}));
  ASSERT_EQ(prompt.kept[0].reencoded.size(), 1);
  const Reencoded& place = prompt.kept[0].reencoded[0];
  EXPECT_EQ(prompt.text.substr(place.begin, place.end - place.begin), "ABC");
  EXPECT_EQ(place.field, "content");
  EXPECT_EQ(place.reason, "the template rewrites the text");
  EXPECT_EQ(prompt.kept[0].ids_kept, 0);
}

TEST_F(KeptTest, EditedTextIsEncodedAgain) {
  const ByteModel model = Model("{{ m.content }}");
  const RenderedPrompt prompt =
      Prompt(model, {{"content", "axc"}}, {'a', 'b', 'c', model.Id("<z>")});
  ASSERT_EQ(prompt.kept[0].reencoded.size(), 1);
  EXPECT_EQ(prompt.kept[0].reencoded[0].reason,
            "the text is not what was generated");
}

TEST_F(KeptTest, TrimmedTextKeepsTheTokensWithin) {
  const ByteModel model = Model("{{ m.content | trim }}");
  const RenderedPrompt prompt = Prompt(model, {{"content", "\nabc"}},
                                       {'\n', 'a', 'b', 'c', model.Id("<z>")});
  EXPECT_EQ(Reply(prompt, model),
            (std::vector<TokenId>{'a', 'b', 'c', model.Id("<z>")}));
  ASSERT_EQ(prompt.kept[0].reencoded.size(), 1);
  EXPECT_EQ(prompt.kept[0].reencoded[0].reason,
            "the template leaves white space out");
}

TEST_F(KeptTest, TokenAcrossTheEdgeOfTheTextIsEncodedAgain) {
  const ByteModel model = Model("{{ m.content[1:] }}");
  const RenderedPrompt prompt =
      Prompt(model, {{"content", "abcd"}},
             {model.Id("ab"), 'c', 'd', model.Id("<z>")});
  EXPECT_EQ(Reply(prompt, model),
            (std::vector<TokenId>{'b', 'c', 'd', model.Id("<z>")}));
  ASSERT_EQ(prompt.kept[0].reencoded.size(), 1);
  const Reencoded& place = prompt.kept[0].reencoded[0];
  EXPECT_EQ(prompt.text.substr(place.begin, place.end - place.begin), "b");
}

TEST_F(KeptTest, DroppedThoughtIsReportedAndTheAnswerKept) {
  const ByteModel model = Model(
      "{% if loop.last %}<think>{{ m.thinking }}</think>{% endif %}"
      "{{ m.content }}");
  // The answer's text stands in the thought too.
  const RenderedPrompt prompt =
      Prompt(model, {{"thinking", "abc?"}, {"content", "abc"}},
             {model.Id("<think>"), model.Id("abc"), '?', model.Id("</think>"),
              'a', 'b', 'c', model.Id("<z>")});
  EXPECT_EQ(Reply(prompt, model),
            (std::vector<TokenId>{'a', 'b', 'c', model.Id("<z>")}));
  ASSERT_EQ(prompt.kept[0].reencoded.size(), 1);
  EXPECT_EQ(prompt.kept[0].reencoded[0].field, "thinking");
  EXPECT_EQ(prompt.kept[0].reencoded[0].reason,
            "the template does not write it");
}

TEST_F(KeptTest, ThoughtIsKeptWithItsMarkersWhereItIsWritten) {
  const ByteModel model = Model(
      "{% if m.thinking %}<think>{{ m.thinking }}</think>{% endif %}"
      "{{ m.content }}");
  const std::vector<TokenId> ids = {
      model.Id("<think>"), 'a', 'b', model.Id("</think>"), 'a', 'b', 'c',
      model.Id("<z>")};
  const RenderedPrompt prompt =
      Prompt(model, {{"thinking", "ab"}, {"content", "abc"}}, ids);
  EXPECT_EQ(Reply(prompt, model), ids);
  EXPECT_EQ(prompt.kept[0].ids_kept, ids.size());
}

TEST_F(KeptTest, MarkerSpelledInPiecesDoesNotReplaceTheTemplates) {
  const ByteModel model = Model(
      "{% if m.thinking %}<think>{{ m.thinking }}</think>{% endif %}"
      "{{ m.content }}");
  std::vector<TokenId> ids;
  for (const char c : std::string("<think>x</think>y")) ids.push_back(c);
  const RenderedPrompt prompt =
      Prompt(model, {{"thinking", "x"}, {"content", "y"}}, ids);
  EXPECT_EQ(Reply(prompt, model),
            (std::vector<TokenId>{model.Id("<think>"), 'x',
                                  model.Id("</think>"), 'y', model.Id("<z>")}));
}

TEST_F(KeptTest, OtherMessagesIdsDoNotChange) {
  const ByteModel model = Model("{{ m.content }}");
  const RenderedPrompt kept =
      Prompt(model, {{"content", "abc"}}, {'a', 'b', 'c', model.Id("<z>")});
  const RenderedPrompt plain = Prompt(model, {{"content", "abc"}}, {});
  EXPECT_EQ(kept.text, plain.text);
  EXPECT_EQ(plain.kept[0].ids_kept, 0);
  EXPECT_EQ(kept.TokenIds().front(), plain.TokenIds().front());
  EXPECT_EQ(kept.TokenIds().back(), plain.TokenIds().back());
}

TEST_F(KeptTest, IdsThatAreNoneAreRefused) {
  const ByteModel model = Model("{{ m.content }}");
  EXPECT_THROW(Prompt(model, {{"content", "abc"}}, {-1}), Error);
  EXPECT_THROW(Prompt(model, {{"content", "abc"}}, {100000}), Error);
}

}  // namespace
}  // namespace fullstop
