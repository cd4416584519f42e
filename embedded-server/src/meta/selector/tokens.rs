//! The words of a label selector.

/// A word of a label selector. `in` and `notin` are words of their own only where an operator can stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A key, a value, or `in` and `notin`.
    Word(&'a str),
    /// `!`
    Not,
    /// `=`
    Equals,
    /// `==`
    DoubleEquals,
    /// `!=`
    NotEquals,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// The end of the selector.
    End,
}

impl<'a> Token<'a> {
    /// Returns the token as it stands in a selector.
    pub(super) fn text(self) -> &'a str {
        match self {
            Self::Word(word) => word,
            Self::Not => "!",
            Self::Equals => "=",
            Self::DoubleEquals => "==",
            Self::NotEquals => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::Open => "(",
            Self::Close => ")",
            Self::Comma => ",",
            Self::End => "",
        }
    }
}

/// Tokens of two characters before those of one, so that the longest one wins.
const SYMBOLS: [Token<'static>; 9] = [
    Token::DoubleEquals,
    Token::NotEquals,
    Token::Equals,
    Token::Not,
    Token::Greater,
    Token::Less,
    Token::Open,
    Token::Close,
    Token::Comma,
];

/// Reads the words of a selector one by one, with a look at the next.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(selector: &'a str) -> Self {
        Self { rest: selector }
    }

    /// Returns the next token and goes past it; for ever [`Token::End`] at the end.
    pub(super) fn next(&mut self) -> Token<'a> {
        let (token, rest) = split_token(self.rest);
        self.rest = rest;
        token
    }

    /// Returns the next token and stays where it is.
    pub(super) fn peek(&self) -> Token<'a> {
        split_token(self.rest).0
    }
}

fn split_token(text: &str) -> (Token<'_>, &str) {
    let text = text.trim_start_matches(is_space);
    if text.is_empty() {
        return (Token::End, text);
    }
    for symbol in SYMBOLS {
        if let Some(rest) = text.strip_prefix(symbol.text()) {
            return (symbol, rest);
        }
    }
    let (word, rest) = text.split_at(text.find(|c| is_space(c) || is_symbol(c)).unwrap_or(text.len()));
    (Token::Word(word), rest)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_symbol(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(selector: &str) -> Vec<&str> {
        let mut tokens = Tokens::new(selector);
        std::iter::from_fn(|| Some(tokens.next()).filter(|token| *token != Token::End))
            .map(Token::text)
            .collect()
    }

    #[test]
    fn symbols_end_words_and_space_separates_them() {
        assert_eq!(
            tokens("a==b,!c\td in (x,  y)\r\n"),
            ["a", "==", "b", ",", "!", "c", "d", "in", "(", "x", ",", "y", ")"]
        );
        assert_eq!(tokens("a!=b=c>1<2"), ["a", "!=", "b", "=", "c", ">", "1", "<", "2"]);
        assert!(tokens(" \n").is_empty());
    }
}
