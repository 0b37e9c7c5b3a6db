// Own the API reference page, drawn from the OpenAPI document that the server serves.

import { useEffect, useState } from "react";
import { Logo } from "../ui/Logo";
import { alternativesOf, type OpenApi, type Operation, operationsOf, type Schema, schemaOf, typeName } from "./openapi";

export function Reference() {
  const [document, setDocument] = useState<OpenApi | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    fetch("/v1/openapi.json")
      .then(async (response) => {
        if (!response.ok) throw new Error(`The server answered ${response.status}.`);
        setDocument((await response.json()) as OpenApi);
      })
      .catch((failure: unknown) => setError(failure instanceof Error ? failure.message : String(failure)));
  }, []);

  return (
    <>
      <header className="top">
        <Logo />
        <div className="top-end">
          <a href="/">Prices and portfolios</a>
          <a href="/v1/openapi.json">OpenAPI document</a>
        </div>
      </header>
      <main className="reference">
        {error !== null && <p className="problem" role="alert">{error}</p>}
        {document !== null && <Contents document={document} />}
      </main>
    </>
  );
}

function Contents({ document }: { document: OpenApi }) {
  const schemas = Object.entries(document.components?.schemas ?? {});
  return (
    <>
      <h1>
        {document.info.title} API <span className="quiet">{document.info.version}</span>
      </h1>
      {document.info.description?.trim().split(/\n\s*\n/).map((part) => <p key={part}><Prose text={part} /></p>)}
      {operationsOf(document).map((operation) => (
        <OperationCard key={`${operation.method} ${operation.path}`} operation={operation} />
      ))}
      <h2>Shapes</h2>
      {schemas.map(([name, schema]) => (
        <section key={name} id={name} className="panel">
          <h3>{name}</h3>
          {schema.description !== undefined && <p className="quiet"><Prose text={schema.description} /></p>}
          <Fields
            rows={Object.entries(schema.properties ?? {}).map(([field, value]) => ({
              name: field,
              note: value.description,
              schema: value,
              required: schema.required?.includes(field) === true,
            }))}
          />
        </section>
      ))}
    </>
  );
}

function OperationCard({ operation }: { operation: Operation }) {
  const body = schemaOf(operation.requestBody);
  return (
    <section className="panel">
      <h3>
        <code>
          <strong>{operation.method}</strong> {operation.path}
        </code>
      </h3>
      <p><Prose text={operation.description ?? operation.summary ?? ""} /></p>
      <Fields
        rows={(operation.parameters ?? []).map((parameter) => ({
          name: parameter.name,
          note: parameter.description ?? `in ${parameter.in}`,
          schema: parameter.schema,
          required: parameter.required === true,
        }))}
      />
      {body !== undefined && <p>Body: <Type schema={body} /></p>}
      <p className="quiet">
        {Object.entries(operation.responses ?? {}).map(([status, answer]) => (
          <span key={status} className="answer">
            {status} <Type schema={schemaOf(answer)} />
          </span>
        ))}
      </p>
    </section>
  );
}

interface Row {
  name: string;
  note: string | undefined;
  schema: Schema | undefined;
  required: boolean;
}

function Fields({ rows }: { rows: Row[] }) {
  if (rows.length === 0) return null;
  return (
    <div className="reference-scroll">
      <table>
        <tbody>
          {rows.map(({ name, note, schema, required }) => (
            <tr key={name}>
              <th scope="row"><code>{name}</code></th>
              <td><Type schema={schema} /></td>
              <td className="quiet">
                {required ? "required" : schema?.default === undefined ? "" : `default ${JSON.stringify(schema.default)}`}
              </td>
              <td>{note}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Type({ schema }: { schema: Schema | undefined }) {
  const alternatives = alternativesOf(schema);
  if (alternatives !== null) {
    return alternatives.map((one, index) => (
      <span key={typeName(one)}>
        {index === 0 ? "" : " or "}
        <Type schema={one} />
      </span>
    ));
  }
  const name = typeName(schema);
  const shape = /[A-Z]\w+/.exec(name)?.[0];
  return shape === undefined ? <>{name}</> : <a href={`#${shape}`}>{name}</a>;
}

/** Draw text whose `words in backticks` are code. */
function Prose({ text }: { text: string }) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}
