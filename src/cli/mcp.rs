//! `undersign mcp`: what an agent may ask, as tools of the Model Context Protocol on standard input and output.
//!
//! Each tool is a command of the agent's side: `check`, `submit`, `status`, `explain`. There is none that approves,
//! acknowledges, overrides or applies, and there never will be: whoever decides sits at a terminal. Where the inbox, the
//! trust file and the policies lie is said by whoever starts the server; the agent names plans and nothing else.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler, ServiceExt as _};
use serde_json::Value;

use super::failure;
use super::inbox::InboxArgument;
use super::policy::PolicyArgument;
use super::trust::TrustArgument;
use crate::failure::{Exit, Failure};
use crate::text::visible;

mod question;

use question::Question;

/// A longer answer is not given: it is a file to be read, not words to be thought about.
const MAX_ANSWER: usize = 1 << 20;

/// What `mcp` takes.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The inbox.
    #[command(flatten)]
    pub inbox: InboxArgument,

    /// Whose signature counts.
    #[command(flatten)]
    pub trust: TrustArgument,

    /// The policies.
    #[command(flatten)]
    pub policy: PolicyArgument,

    /// The terraform or tofu to read plan files with [default: the one on PATH].
    #[arg(long, value_name = "PATH")]
    pub tool: Option<PathBuf>,

    /// A CLI configuration that says where the tool finds providers: as for `check`.
    #[arg(long, value_name = "FILE")]
    pub cli_config: Option<PathBuf>,
}

/// Serves until the client closes standard input.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let broken = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Internal,
            "mcp",
            format!("the client is lost: {error}"),
        )
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| broken(&error))?;
    let server = Server(Arc::new(arguments.clone()));
    let ended = runtime.block_on(async {
        let stdio = rmcp::transport::io::stdio();
        let service = server.serve(stdio).await.map_err(|error| broken(&error))?;
        service.waiting().await.map_err(|error| broken(&error))
    });
    // A call that still waits for a decision holds nobody up: its client is gone.
    runtime.shutdown_background();
    ended.map(|_| Exit::Success)
}

struct Server(Arc<Arguments>);

/// An answer in which nothing is hidden: a model reads signs that a person who looks over its shoulder does not see.
fn shown(json: &str) -> Result<String, Failure> {
    let value: Value = serde_json::from_str(json)
        .map_err(|error| Failure::new(Exit::Internal, "json", error.to_string()))?;
    let text = visible_strings(value).to_string();
    if text.len() <= MAX_ANSWER {
        return Ok(text);
    }
    Err(Failure::new(
        Exit::Usage,
        "answer-too-long",
        "the answer is too long for a conversation",
    )
    .expected(
        format!("at most {MAX_ANSWER} bytes"),
        text.len().to_string(),
    )
    .hint("undersign check --format json PLAN > report.json, and look into the file."))
}

fn visible_strings(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(visible(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(visible_strings).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| (visible(&key).into_owned(), visible_strings(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("undersign", env!("CARGO_PKG_VERSION")))
            .with_instructions(
                "Plans are decided on by a person at a terminal, and applied by undersign apply. \
                 None of these tools approves, acknowledges, overrides or applies.",
            )
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = Question::ALL.map(Question::tool);
        Ok(ListToolsResult::with_all_items(tools.into()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let asked = Question::ALL
            .into_iter()
            .find(|question| question.name() == request.name);
        let Some(question) = asked else {
            let error = format!("there is no tool {}", visible(&request.name));
            return Err(ErrorData::invalid_params(error, None));
        };
        let server = Arc::clone(&self.0);
        let said = request.arguments.unwrap_or_default();
        let answer = tokio::task::spawn_blocking(move || {
            question
                .answer(&server, said)
                .and_then(|json| shown(&json))
                .map_err(|failure| failure::to_json(&failure))
        });
        let answer = answer
            .await
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        Ok(match answer {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(refusal) => {
                // A refusal may quote an address or a file name.
                let refusal = shown(&refusal).unwrap_or_else(|failure| failure.error);
                CallToolResult::error(vec![ContentBlock::text(refusal)])
            }
        }
        .into())
    }
}
