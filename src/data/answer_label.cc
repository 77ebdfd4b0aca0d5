#include "data/answer_label.h"

#include <algorithm>
#include <array>
#include <string>

namespace fullstop {
namespace {

// By language: the answer, and who gives it. In lower case.
constexpr std::array<std::string_view, 57> kLabels = {
    "output",       "answer",     "response",     "reply",   "assistant",
    "ai",           "gpt",        "chatgpt",      "bot",     "model",
    "ai assistant", "the answer", "final answer", "输出",    "回答",
    "答案",         "答复",       "回复",         "助手",    "结果输出",
    "输出结果",     "答",         "輸出",         "回覆",    "答え",
    "出力",         "応答",       "アシスタント", "답변",    "출력",
    "답",           "응답",       "antwort",      "ausgabe", "réponse",
    "reponse",      "sortie",     "respuesta",    "salida",  "resposta",
    "saída",        "risposta",   "uscita",       "ответ",   "вывод",
    "Ответ",        "Вывод",      "الجواب",       "الإجابة", "الاجابة",
    "उत्तर",         "antwoord",   "cevap",        "yanıt",   "trả lời",
    "คำตอบ",        "odpowiedź"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

std::string_view LabelOf(std::string_view text) {
  constexpr std::string_view kDress = "*# _";
  constexpr size_t kLongest = 40;
  constexpr std::string_view kWideColon = "：";
  const std::string_view head = text.substr(0, kLongest);
  const size_t narrow = head.find(':');
  const size_t wide = head.find(kWideColon);
  const size_t colon = std::min(narrow, wide);
  if (colon == head.npos) return {};
  std::string_view word = head.substr(0, colon);
  const size_t begin = word.find_first_not_of(kDress);
  if (begin == word.npos) return {};
  word = word.substr(begin, word.find_last_not_of("* _") - begin + 1);
  if (std::ranges::find(kLabels, Lower(word)) == kLabels.end()) return {};
  return text.substr(0, colon + (narrow < wide ? 1 : kWideColon.size()));
}

bool AsksForLabel(std::string_view prompt, std::string_view label) {
  const std::string shown = Lower(label);
  const size_t from = std::min(shown.find_first_not_of("*# _"), shown.size());
  return Lower(prompt).find(std::string_view(shown).substr(from)) !=
         std::string::npos;
}

bool AsksForPlaceholder(std::string_view text, std::string_view prompt,
                        std::string_view system) {
  constexpr std::array<std::string_view, 8> kWords = {
      "emplate", "laceholder", "模板",   "模版",
      "占位",    "Vorlage",    "modèle", "plantilla"};
  const std::string_view open = text.substr(0, text[0] == '{' ? 1 : 2);
  for (const std::string_view asks : {prompt, system}) {
    if (asks.find(open) != asks.npos) return true;
    if (std::ranges::any_of(kWords, [&](std::string_view each) {
          return asks.find(each) != asks.npos;
        })) {
      return true;
    }
  }
  return false;
}

}  // namespace fullstop
