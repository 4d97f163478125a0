import { registry } from "@web/core/registry";
import {
    buildM2OFieldDescription,
    Many2OneField,
} from "@web/views/fields/many2one/many2one_field";

/** The status of an invoice: saved as soon as it is chosen, or else as it was. */
export class StatusField extends Many2OneField {
    get m2oProps() {
        return { ...super.m2oProps, update: (value) => this.save(value) };
    }

    async save(value) {
        const { name, record } = this.props;
        const before = record.data[name];
        const hadChanges = await record.isDirty();
        try {
            await record.update({ [name]: value }, { save: true });
        } catch (error) {
            await (hadChanges ? record.update({ [name]: before }) : record.discard());
            throw error;
        }
    }
}

registry.category("fields").add("maventa_status", {
    ...buildM2OFieldDescription(StatusField),
});
