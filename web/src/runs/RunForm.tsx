// Own the form that starts a run.

import { type FormEvent, useId, useState } from "react";
import { type Api, ApiError, messageOf } from "../api/client";
import type { Product, Run } from "../api/types";
import { combinations, count } from "../format/text";
import { type Field, fieldOfProblem, type FormValues, type Hints, hintsOf, specificationOf } from "./formRules";

interface Props {
  api: Api;
  products: Product[];
  values: FormValues;
  onChange: (values: FormValues) => void;
  onStarted: (run: Run) => void;
}

const sourcesOf = (products: Product[], chosen: string[]): string[] => {
  const lists = products
    .filter((product) => chosen.includes(product.code))
    .map((product) => product.sources.map((source) => source.source));
  const [first = [], ...others] = lists;
  return first.filter((source) => others.every((list) => list.includes(source)));
};

export function RunForm({ api, products, values, onChange, onStarted }: Props) {
  const [sending, setSending] = useState(false);
  const [refusal, setRefusal] = useState<{ field: keyof Hints | null; detail: string } | null>(null);
  const hints = hintsOf(values);
  const sources = sourcesOf(products, values.products);
  const set = (change: Partial<FormValues>) => {
    setRefusal(null);
    onChange({ ...values, ...change });
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (Object.keys(hints).length > 0 || sending) return;
    setSending(true);
    setRefusal(null);
    try {
      onStarted(await api.createRun(specificationOf(values)));
    } catch (failure) {
      const detail = messageOf(failure);
      const field = failure instanceof ApiError ? failure.problem.field : undefined;
      setRefusal({ detail, field: fieldOfProblem(detail, field) });
    } finally {
      setSending(false);
    }
  };

  const toggle = (code: string) => {
    const rest = values.products.filter((other) => other !== code);
    set({ products: rest.length < values.products.length ? rest : [...rest, code] });
  };
  const number = (field: Field, label: string, placeholder?: string) => (
    <TextField
      label={label}
      value={values[field]}
      hint={hints[field]}
      invalid={hints[field] !== undefined || refusal?.field === field}
      onChange={(text) => set({ [field]: text })}
      {...(placeholder === undefined ? {} : { placeholder })}
    />
  );
  const ways = combinations(Number(values.of), Number(values.choose));

  return (
    <form className="run-form" onSubmit={(event) => void submit(event)} noValidate>
      <fieldset className="chips">
        <legend>Products</legend>
        {products.map((product) => (
          <label key={product.code} className="chip" title={product.name}>
            <input
              type="checkbox"
              checked={values.products.includes(product.code)}
              disabled={product.sources.length === 0}
              onChange={() => toggle(product.code)}
            />
            <span>{product.code}</span>
          </label>
        ))}
        {hints.products !== undefined && <p className="hint">{hints.products}</p>}
      </fieldset>
      <div className="fields">
        {number("choose", "Choose")}
        {number("of", "Out of")}
        {number("depth", "Depth p")}
        {number("shots", "Shots")}
        {number("seed", "Seed", "default")}
      </div>
      <details className="more">
        <summary>Prices used{values.source === "" ? "" : `: ${values.source}`}{values.as_of === "" ? "" : `, ${values.as_of}`}</summary>
        <div className="fields fields-two">
          <label className="field">
            <span>Source</span>
            <select value={values.source} onChange={(event) => set({ source: event.target.value })}>
              <option value="">default</option>
              {[...new Set([...sources, values.source])].filter(Boolean).map((source) => (
                <option key={source}>{source}</option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>As of (empty: latest)</span>
            <input type="date" value={values.as_of} onChange={(event) => set({ as_of: event.target.value })} />
          </label>
        </div>
      </details>
      <div className="form-end">
        <button type="submit" className="primary" disabled={sending || Object.keys(hints).length > 0}>
          {sending ? "Starting…" : "Optimize"}
        </button>
        {Object.keys(hints).length === 0 && (
          <span className="quiet">{count(ways)} possible portfolios</span>
        )}
      </div>
      <div role="alert">{refusal !== null && <p className="problem">{refusal.detail}</p>}</div>
    </form>
  );
}

interface TextFieldProps {
  label: string;
  value: string;
  hint: string | undefined;
  invalid: boolean;
  placeholder?: string;
  onChange: (text: string) => void;
}

function TextField({ label, value, hint, invalid, placeholder, onChange }: TextFieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        inputMode="numeric"
        autoComplete="off"
        spellCheck={false}
        value={value}
        placeholder={placeholder}
        aria-invalid={invalid}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>{hint}</p>
      )}
    </div>
  );
}
